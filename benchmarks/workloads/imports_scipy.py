"""A program that only imports what scientists import."""

import numpy  # noqa: F401
import scipy.linalg
import scipy.optimize
import scipy.stats  # noqa: F401
