"""A program that only imports what scientists import."""

import numpy  # noqa: F401
import scipy.linalg  # noqa: F401
import scipy.optimize  # noqa: F401
import scipy.stats  # noqa: F401
