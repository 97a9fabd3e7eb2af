"""`python -m pytracer`."""

import sys

from pytracer.commands import main

if __name__ == "__main__":
    sys.exit(main())
