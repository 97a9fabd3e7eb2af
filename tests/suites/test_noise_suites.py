"""What fails in tests of numpy, scipy and sklearn under stochastic rounding is of the last digits, or explained."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are no packages

from comparing import Suite
from explained import REASONS, reason_of
from perturbed import LAST_DIGITS, failures, kind_of, perturbed, table

QUICK = ["numpy.linalg.tests.test_regression", "numpy.fft.tests.test_pocketfft", "numpy.lib.tests.test_polynomial"]

PARTS = {
    "scipy.signal": [f"scipy.signal.tests.test_{name}" for name in
        ("signaltools", "filter_design", "ltisys", "windows", "spectral")],
    "scipy.special": [f"scipy.special.tests.test_{name}" for name in
        ("basic", "orthogonal", "cdflib", "data", "hyp2f1", "gamma", "ellip_harm", "lambertw", "logsumexp", "digamma", "zeta")],
    "scipy.stats": [f"scipy.stats.tests.test_{name}" for name in
        ("stats", "morestats", "hypotests", "mstats_basic", "multivariate", "kdeoth", "discrete_basic")],
}  # fmt: skip
"""Package -> its files that run within some minutes; of the other packages all are run."""

PACKAGES = (
    "numpy.linalg", "numpy.fft", "numpy.lib", "numpy.ma", "numpy.polynomial", "numpy._core.tests.test_umath",
    "scipy.linalg", "scipy.interpolate", "scipy.integrate", "scipy.sparse.linalg", "scipy.spatial", "scipy.ndimage",
    "scipy.optimize", "scipy.signal", "scipy.special", "scipy.stats",
    "sklearn.decomposition", "sklearn.linear_model", "sklearn.cluster",
)  # fmt: skip

TOLERANCE = """AssertionError:
Not equal to tolerance rtol=1e-07, atol=0

Mismatched elements: 1 / 2 (50%)
Mismatch at index:
 [1]: {} (ACTUAL), {} (DESIRED)
Max absolute difference among violations: {}
Max relative difference among violations: {}
 ACTUAL: array([3.5, {}])
 DESIRED: array([3.5, {}])
>       assert_allclose(a, b)"""

MESSAGES = {
    "assert np.float64(7.000000000000001) == 7": "equality demanded",
    "AssertionError: assert np.float64(0.1) == np.float64(0.10000000000000002)": "equality demanded",
    "assert array(-0.03209646) == array(-0.03209646)": "equality demanded",
    "assert np.float64(7.1) == 7": "assertion",
    "assert 3 == 5": "assertion",
    "assert 12647 < 5000\n +  where 12647 = nfev": "assertion",
    "AssertionError: \nItems are not equal:\n ACTUAL: np.float64(3.333333333333333)\n DESIRED: 3.3333333333333335": "equality demanded",
    "AssertionError: \nItems are not equal:\n ACTUAL: 0\n DESIRED: 1": "other digits",
    "AssertionError: \nArrays are not equal\n\nACTUAL: array([True])\n DESIRED: array([False])": "other digits",
    "AssertionError: Arrays are not almost equal up to 1 ULP (max difference is 3 ULP)": "units in the last place",
    "AssertionError: Arrays are not equal to 1 ULP (max is 2.25e15)": "other digits",
    "AssertionError: Arrays are not equal to 1 ULP (max is 9e6)": "units in the last place",
    "AssertionError: \nMax |adiff|: 7e-16\nMax |rdiff|: 8e-14\nBad results (1 out of 2)\n1 => 2 != 2": "tolerance",
    "AssertionError: \nMax |adiff|: 0\nMax |rdiff|: 0\nBad results (1 out of 2)\n1 => inf != 2": "assertion",
    "ValueError: Matrix q should be symmetric/hermitian.": "ValueError",
    "numpy.linalg.LinAlgError: Singular matrix": "LinAlgError",
    "Failed: DID NOT RAISE LinAlgError": "assertion",
    "AssertionError\n>       assert_(np.all(check == b))": "assertion",
    "it did not run": "it did not run",
}  # fmt: skip


@pytest.mark.parametrize(("message", "kind"), MESSAGES.items())
def test_kind_of_message(message: str, kind: str) -> None:
    assert kind_of(message) == kind


def test_kind_of_difference() -> None:
    close = TOLERANCE.format("2.0000000001", "2.0", "1e-10", "5e-11", "2.", "2.")
    apart = TOLERANCE.format("2.0001", "2.0", "1e-4", "5e-5", "2.0001", "2.")
    mirrored = TOLERANCE.format("-2.0", "2.0", "4.", "2.", "-2.", "2.")
    none = TOLERANCE.format("2e-12", "0.0", "2e-12", "inf", "2e-12", "0.")
    assert kind_of(close) == kind_of(none) == "tolerance"
    assert kind_of(apart) == "other digits"
    assert kind_of(apart, "test_x[float32] call") == "tolerance"
    assert kind_of(mirrored) == "sign or order"
    assert (
        kind_of(close.replace("Not equal to tolerance rtol=1e-07, atol=0", "Arrays are not equal"))
        == "equality demanded"
    )


def test_small_numbers_have_digits_too() -> None:
    apart = TOLERANCE.format("3e-12", "2e-12", "1e-12", "0.5", "3e-12", "2e-12").replace("3.5", "1e-12")
    assert kind_of(apart) == "other digits"


def test_tests_are_the_same_whose_names_hold_computed_numbers() -> None:
    plain = Suite({"a[0.1] call": "passed", "a[0.3] call": "passed", "b call": "passed"}, {}, {}, 0, 1.0)
    noisy = Suite(
        {"a[0.10000000000000002] call": "passed", "a[0.3] call": "failed"}, {"a[0.3] call": "assert 3 == 5"}, {}, 0, 1.0
    )
    assert [(each.test, each.why) for each in failures("p", plain, noisy)] == [
        ("a[0.3] call", "assertion"),
        ("b call", "it did not run"),
    ]


def compare(tmp_path: Path, package: str, tests: list[str]) -> None:
    """A process that died or did not end has no outcomes, and `run` fails."""
    plain, noisy, found = perturbed(tmp_path, package, tests)
    print(
        f"{package}: {plain.counts()} without noise, {noisy.counts()} with it; {table(found)}; "
        f"{noisy.counters['noisy_native_calls']} native calls, {noisy.seconds / plain.seconds:.2f} times as long"
    )
    unexplained = [
        f"{each.test}: {each.message[:300]}" for each in found if each.why not in LAST_DIGITS and not each.reason
    ]
    assert unexplained == []
    assert noisy.counters["noisy_loops"] + noisy.counters["noisy_native_calls"] > plain.counts()["passed"]


def test_a_few_files(tmp_path: Path) -> None:
    compare(tmp_path, "numpy", QUICK)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("package", PACKAGES)
def test_package(tmp_path: Path, package: str) -> None:
    compare(tmp_path, package, PARTS.get(package, [package]))


def test_reasons_are_of_tests_and_kinds() -> None:
    assert not set(REASONS) & {"assertion", "other digits", "it did not run"}
    assert reason_of("scipy.linalg tests/test_decomp.py::TestEigBanded::test_dgbtrf call") == (
        "decision at a border",
        "two pivots of the same size: 3 and 3",
    )
    assert reason_of("scipy.linalg tests/test_decomp.py::TestEigBanded::test_other call") is None
