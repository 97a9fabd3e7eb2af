"""Native code that breaks under a directed rounding mode runs to nearest, and its calls are counted."""

from collections.abc import Callable

import pytest

from pytracer.noise.native import DENIED, is_denied, is_perturbed

PROGRAMS = {
    "t-SNE": """
from sklearn.manifold import TSNE
points = np.random.default_rng(0).normal(size=(60, 5))
TSNE(random_state=0, max_iter=250, perplexity=10).fit_transform(points)
""",
    "trees that native code builds": """
from sklearn.neighbors import BallTree, KDTree
points, others = np.random.default_rng(0).uniform(size=(2, 200, 3))
for _ in range(40):
    for tree in (KDTree(points, 2), BallTree(points.astype(np.float32), 2)):
        assert tree.two_point_correlation(others, [9.0], dualtree=True)[0] == 200 * 200
        assert (tree.query(points, dualtree=True)[1].ravel() == range(200)).all()
""",
    "eigenvalues by Arnoldi's method": """
from scipy.sparse import diags_array
from scipy.sparse.linalg import eigs
start = np.random.default_rng(1234).random(50)
for kind in (float, complex):
    matrix = diags_array([1.0, -2.0, 1.0], offsets=[-1, 0, 1], shape=(50, 50)).astype(kind)
    for _ in range(60):
        values, vectors = eigs(matrix, k=3, v0=start.astype(kind))
        assert abs(matrix @ vectors - vectors * values).max() < 1e-6
        assert values.real.max() < -3.9
""",
    "series for large parameters": """
from scipy import special
for _ in range(40):
    assert abs(special.betainc(30.2, 47917.0, 0.913) - 1) < 1e-12
    assert special.betaincc(30.2, 47917.0, 0.913) < 1e-12
    assert abs(special.wright_bessel(5.0, 100.0, 1e10) / 2.462352422254892e-156 - 1) < 1e-9
""",
    "inverses where numbers underflow": """
from scipy import special, stats
for _ in range(60):
    for inverse in (special.betaincinv(14.2, 14.2, 1e-290), stats.beta.ppf(1e-290, 14.2, 14.2)):
        assert 1.1e-21 < inverse < 1.2e-21
    assert special.betainccinv(14.2, 14.2, 1e-290) > 0.99
    assert special.gammaincinv(1.7e-6, 0.5) == special.gammainccinv(1.7e-6, 0.5) == 0
""",
    "noncentral t": """
from scipy import special
assert np.isfinite(special.nctdtr(3.0, 0.5, 0.7))
""",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_denied_calls_work_and_are_counted(program: str, traced: Callable[..., str]) -> None:
    code = f"import numpy as np\nimport pytracer._native as native\n{program}\nprint(native.counters()['native_disabled'] > 0)"
    assert traced(code).split() == ["True"]


def test_denied_is_not_perturbed() -> None:
    for name in DENIED:
        module, _, member = name.rpartition(".")
        assert is_denied(module, member)
        assert not is_perturbed(module, member)
    assert is_perturbed("scipy.special", "gamma")
    assert not is_denied("scipy.special", "gamma")
