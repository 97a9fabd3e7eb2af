"""Which native callables run under a random hardware rounding mode.

NumPy's core mostly moves, parses and makes data, which must stay exact: there the callables that compute are listed.
SciPy's and scikit-learn's native code computes: there the exceptions are listed. What computes but breaks is on the
deny-list.
"""

PYTHON_KINDS = ("python", "dispatcher")
"""Kinds of functions (records/schema.py) that run Python code, which calls the native one."""

COMPUTING = {
    "numpy": frozenset(
        {
            "dot", "vdot", "inner", "c_einsum", "correlate", "correlate2", "interp", "interp_complex", "_interp",
            "ndarray.dot", "matmul", "vecdot", "matvec", "vecmat", "bincount", "ufunc.at",
        }
    ),
}  # fmt: skip
"""Package -> the names of the callables that compute, in modules that are not all computation."""

WHOLE_MODULES = (
    "numpy.linalg._umath_linalg",
    "numpy.linalg",
    "numpy.fft._pocketfft_umath",
    "numpy.fft",
    "scipy",
    "sklearn",
)
"""Modules all of whose native callables compute."""

NOT_COMPUTATION = {
    "numpy.random": "random numbers are input, and must be the same in every sample",
    "scipy.io": "reads and writes numbers: a parsed decimal must be the nearest float",
    "scipy._lib": "infrastructure",
    "scipy.datasets": "reads numbers",
    "sklearn.datasets": "reads numbers",
    "sklearn.utils.murmurhash": "hashing",
    "sklearn.utils._random": "random numbers are input",
    "sklearn.__check_build": "infrastructure",
}
"""Module -> why its native callables are not perturbed."""

QUAD_TREE = "the centre of a cell rounds onto its border, and insertion recurses until the stack ends (SIGSEGV)"
NONCENTRAL_T = "a series for the noncentral t distribution does not end: a minute a value, and then NaN"
SCHUR_TWICE = (
    "takes the order of one Schur form for that of another: other eigenvalues come back, with vectors that are none"
)
SERIES = "a series of it diverges where one parameter is large: -1e34 for a probability of 1"
LARGE = "is off by two fifths for large arguments, as at (5, 100, 1e10)"
UNDERFLOW = "where numbers underflow, its search for a root ends in NaN or in a number of another size"
SECOND_TREE = "builds a tree whose 2**levels is rounded down and truncated: it writes beyond its nodes (corrupt heap)"

DENIED = {
    "sklearn.neighbors._quad_tree": QUAD_TREE,
    "sklearn.manifold._barnes_hut_tsne": QUAD_TREE,
    **{
        f"sklearn.neighbors.{module}.BinaryTree{size}.{name}": SECOND_TREE
        for module in ("_ball_tree", "_kd_tree")
        for size in (32, 64)
        for name in ("query", "two_point_correlation")
    },
    **{
        f"scipy.sparse.linalg._eigen.arpack._arpacklib.{letter}{name}_wrap": SCHUR_TWICE
        for letter in "sdcz"
        for name in ("naupd", "neupd")
    },
    "scipy.special.nctdtr": NONCENTRAL_T,
    "scipy.special.nctdtridf": NONCENTRAL_T,
    "scipy.special.nctdtrinc": NONCENTRAL_T,
    "scipy.special.nctdtrit": NONCENTRAL_T,
    "scipy.special._ufuncs._nct_sf": NONCENTRAL_T,
    "scipy.special._ufuncs._nct_isf": NONCENTRAL_T,
    "scipy.special.betainc": SERIES,
    "scipy.special.betaincc": SERIES,
    "scipy.special.wright_bessel": LARGE,
    "scipy.special.betaincinv": UNDERFLOW,
    "scipy.special.betainccinv": UNDERFLOW,
    "scipy.special._ufuncs._beta_ppf": UNDERFLOW,
    "scipy.special.gammaincinv": UNDERFLOW,
    "scipy.special.gammainccinv": UNDERFLOW,
}
"""Module or function -> what breaks under a directed rounding mode. Its calls run to nearest and are counted."""

TO_NEAREST = ("ndarray.round",)
"""Callables of NumPy that round to decimals, as Python's `round` does: what is asked for is the nearest one.
`np.round`, and the methods of scalars and masked arrays, call it."""

WRITES_LAST = ("scipy.sparse._sparsetools", "scipy.ndimage._nd_image")
"""Modules whose functions return nothing, and write their results into the last array that they are given."""

ONLY_MOVES = ("scale_rows", "scale_columns", "sort_indices", "eliminate_zeros")
"""Ends of the names of those that write elsewhere, or compute nothing that could be zero."""


def is_below(name: str, prefix: str) -> bool:
    """Whether a dotted name is `prefix` or lies below it."""
    return name == prefix or name.startswith(prefix + ".")


def is_denied(module: str, name: str) -> bool:
    """Whether the native callable `module.name` computes but breaks under a directed rounding mode."""
    return any(is_below(f"{module}.{name}", denied) for denied in DENIED)


def writes_last(module: str, name: str) -> bool:
    """Whether `module.name` returns nothing, and has its results in the last array that it is given."""
    return module in WRITES_LAST and not name.endswith(ONLY_MOVES)


def is_perturbed(module: str, name: str) -> bool:
    """Whether the native callable `module.name` runs under a random rounding mode."""
    if is_denied(module, name) or any(is_below(module, excluded) for excluded in NOT_COMPUTATION):
        return False
    if any(is_below(module, whole) for whole in WHOLE_MODULES):
        return True
    return name in COMPUTING.get(module.partition(".")[0], ())
