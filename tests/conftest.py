"""What holds for all tests."""

import os

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it for its workers, and reports are as wide as it says
