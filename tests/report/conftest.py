import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "parse"))  # for `synthetic`

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it for its workers, and reports are as wide as it says
