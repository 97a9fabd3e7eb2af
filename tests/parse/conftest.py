import sys
from pathlib import Path

# Tests are no packages: `synthetic`, and `bounded` and `breaking` of the records, are imported by their file names.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "records")]
