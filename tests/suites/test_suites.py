"""Tests of numpy, scipy and sklearn have the same outcomes with all three hooked and recording as without."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are no packages

from comparing import LIMITS, differences, run

QUICK = [
    "numpy.fft.tests.test_helper",
    "numpy.linalg.tests.test_deprecations",
    "numpy.lib.tests.test_index_tricks",
    "numpy.lib.tests.test_polynomial",
    "numpy.lib.tests.test_twodim_base",
]

PACKAGES = (
    "numpy.linalg", "numpy.fft", "numpy.lib", "numpy.ma", "numpy._core.tests.test_umath",
    "scipy.linalg", "scipy.optimize", "scipy.interpolate",
    "sklearn.decomposition", "sklearn.linear_model", "sklearn.cluster",
)  # fmt: skip


def compare(tmp_path: Path, tests: list[str], least: int) -> None:
    plain = run(tmp_path / "plain", tests, traced=False)
    hooked = run(tmp_path / "hooked", tests, traced=True)
    print(
        f"{' '.join(tests)}: {plain.counts()} untraced, {hooked.counts()} hooked, "
        f"{hooked.counters['calls_recorded']} calls, {hooked.seconds / plain.seconds:.2f} times as long"
    )
    assert differences(plain, hooked) == {}
    passed = plain.counts()["passed"]
    assert passed >= least
    assert hooked.counters["calls_recorded"] > 10 * passed
    assert hooked.counters["calls_dropped"] == 0 or hooked.trace_bytes > 0.9 * LIMITS["trace_bytes"]


def test_a_few_files(tmp_path: Path) -> None:
    compare(tmp_path, QUICK, 100)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("package", PACKAGES)
def test_package(tmp_path: Path, package: str) -> None:
    compare(tmp_path, [package], 50)
