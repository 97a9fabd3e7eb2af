"""Functions without an error-free transform: one unit up or down, exact values stay, warnings are NumPy's own."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

Noisy = Callable[[int], AbstractContextManager[None]]
Array = NDArray[Any]

UNARY = (
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh cbrt "
    "deg2rad rad2deg radians degrees"
).split()
BINARY = ["power", "float_power", "hypot", "arctan2", "logaddexp", "logaddexp2"]
COMPLEX = ["exp", "log", "sin", "tanh", "arccos", "sqrt"]
KINDS = [np.float64, np.float32]


def ulps(a: Array, b: Array) -> Array:
    """Distance in steps between numbers of the same sign."""
    integers = np.dtype(f"i{a.dtype.itemsize}")
    distance: Array = np.abs(a.view(integers).astype(object) - b.view(integers).astype(object))
    return np.where(np.isnan(a) & np.isnan(b), 0, distance)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", UNARY + BINARY)
def test_results_are_within_one_unit(name: str, kind: type, noisy: Noisy) -> None:
    function = getattr(np, name)
    width = np.finfo(kind).bits
    number = st.one_of(st.floats(width=width), st.floats(-2, 2, width=width), st.integers(-20, 20).map(float))

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(numbers=st.lists(st.tuples(number, number), min_size=1, max_size=30), seed=st.integers(0, 99))
    def check(numbers: list[tuple[float, float]], seed: int) -> None:
        a, b = np.array(numbers).astype(kind).T.copy()
        arguments = (a, b) if name in BINARY else (a,)
        with np.errstate(all="ignore"):
            plain = function(*arguments)
            with noisy(seed):
                drawn = function(*arguments)
            few = (np.abs(plain) <= 64) & (np.abs(plain) * 64 % 1 == 0)
        assert drawn.dtype == plain.dtype
        assert (ulps(plain, drawn) <= 1).all()
        steady = ~np.isfinite(plain) | (np.abs(plain) < np.finfo(plain.dtype).smallest_normal)
        if name != "hypot":  # whose exact values are known (test_powers.py)
            steady |= few | (np.abs(plain) == np.abs(a))
        assert plain[steady].tobytes() == drawn[steady].tobytes()

    check()
    x = np.linspace(0.1, 0.9, 1000).astype(kind) + (name == "arccosh")
    with noisy(1):
        draws = [function(*((x, x[::-1]) if name in BINARY else (x,))) for _ in range(5)]
    moved = ulps(function(*((x, x[::-1]) if name in BINARY else (x,))), draws[0]) == 1
    assert 0.3 < moved.mean() < 0.6
    assert len({each.tobytes() for each in draws}) == 5


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_results_are_within_one_unit_a_part(name: str, noisy: Noisy) -> None:
    z = np.linspace(0.1, 2, 500) * np.exp(1j * np.linspace(0, 6, 500))
    plain = getattr(np, name)(z)
    with noisy(1):
        drawn = getattr(np, name)(z)
    assert (ulps(plain.view(np.float64), drawn.view(np.float64)) <= 1).all()
    assert (plain != drawn).mean() > 0.5


X = np.linspace(0.1, 1, 99)  # computed without noise
Z = X * (1 + 3j)

EXACT = {
    "exp(0)": lambda: np.exp(np.zeros(5)),
    "exp2": lambda: np.exp2(np.arange(-30.0, 30)),
    "log2": lambda: np.log2(2.0 ** np.arange(-30, 30)),
    "log(1)": lambda: np.log(np.ones(3)),
    "log10": lambda: np.log10([1.0, 10.0, 1000.0]),
    "sin(0)": lambda: np.concatenate(
        [f([0.0, -0.0]) for f in (np.sin, np.tan, np.arctan, np.sinh, np.tanh, np.expm1, np.log1p)]
    ),
    "cos(0)": lambda: np.cos(np.zeros(3)),
    "powers of 10": lambda: np.power(10.0, np.arange(20)),
    "powers of 3": lambda: np.power(3.0, np.arange(34)),
    "powers of whole numbers": lambda: np.power.outer(np.arange(-12.0, 13), np.arange(13)),
    "powers of fractions": lambda: np.array([1.5, 0.75, 2.125, -3.5]) ** np.array([[2.0], [5.0], [11.0]]),
    "float32 powers": lambda: np.power(np.float32(7), np.arange(9, dtype=np.float32)),
    "float_power": lambda: np.float_power(np.arange(12), 5),
    "squares by an operator": lambda: (np.arange(9.0) + 0.5) ** 2,
    "power(x, 1)": lambda: np.power(X, 1.0),
    "power(x, 1) in place": lambda: np.power(x := X.copy(), 1.0, out=x),
    "power(x, 1) by strides": lambda: np.power((x := X.copy())[::2], 1.0, out=x[::2]),
    "complex power(z, 1)": lambda: np.power(Z, 1),
    "complex z / 1": lambda: Z / (1 + 0j),
    "hypot of whole numbers": lambda: np.hypot([3.0, 5.0, 8.0], [4.0, 12.0, 15.0]),
    "hypot(x, 0)": lambda: np.hypot(X, 0),
    "absolute": lambda: np.abs(-X),
    "absolute of complex": lambda: np.abs(np.array([3 + 4j, 0.3 + 0j, 0.7j, -5 + 12j])),
    "cbrt": lambda: np.cbrt(np.arange(20.0) ** 3),
    "infinities": lambda: np.concatenate([np.exp([np.inf, -np.inf]), np.log([np.inf]), np.arctan2([0.0], [1.0])]),
    "logaddexp with nothing": lambda: np.logaddexp(X, -np.inf),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_values_stay(name: str, noisy_either_way: Noisy) -> None:
    plain = EXACT[name]()
    for seed in range(8):
        with noisy_either_way(seed):
            assert EXACT[name]().tobytes() == plain.tobytes()


def test_noise_of_a_reduction_is_that_of_its_steps(noisy: Noisy) -> None:
    x = np.linspace(0, 1, 1000)
    with noisy(1):
        reduced = [float(np.logaddexp.reduce(x)) for _ in range(40)]
        accumulated = [float(np.logaddexp.accumulate(x)[-1]) for _ in range(40)]
    unit = np.spacing(np.logaddexp.reduce(x))
    assert np.ptp(reduced) > 4 * unit
    assert np.ptp(accumulated) > 4 * unit


def floating_point_events(compute: Callable[[], Any]) -> list[tuple[str, int]]:
    events: list[tuple[str, int]] = []
    with np.errstate(all="call", call=lambda kind, flag: events.append((kind, flag))):
        compute()
    return sorted(events)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name", ["add", "subtract", "multiply", "divide", "square", "reciprocal", "sqrt", *UNARY, *BINARY]
)
def test_floating_point_events_are_those_of_numpy(name: str, kind: type, noisy_either_way: Noisy) -> None:
    function = getattr(np, name)
    limits = np.finfo(kind)
    special = [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        limits.max,
        -limits.max,
        limits.smallest_normal,
        limits.smallest_subnormal,
        1.0,
    ]
    number = st.one_of(
        st.sampled_from([float(x) for x in special]), st.floats(width=limits.bits), st.floats(-10, 10, width=32)
    )

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(numbers=st.lists(st.tuples(number, number), min_size=1, max_size=12), seed=st.integers(0, 99))
    def check(numbers: list[tuple[float, float]], seed: int) -> None:
        a, b = np.array(numbers).astype(kind).T.copy()
        arguments = (a,) if function.nin == 1 else (a, b)
        plain = floating_point_events(lambda: function(*arguments))
        with noisy_either_way(seed):
            drawn = floating_point_events(lambda: function(*arguments))
            drawn_strided = floating_point_events(lambda: function(*(np.repeat(x, 2)[::2] for x in arguments)))
        assert drawn == plain
        assert drawn_strided == plain

    check()


def test_events_of_complex_numbers_and_reductions(noisy_either_way: Noisy) -> None:
    big, z = np.full(20, 1e308), np.array([1e200 + 1j, 1e-200j, complex("inf"), 0j, complex("nan"), 3 + 4j])
    computations: list[Callable[[], Any]] = [
        lambda: np.sum(big),
        lambda: np.sum(np.array([np.inf, -np.inf, 1])),
        lambda: np.cumsum(big),
        lambda: np.prod(big),
        lambda: np.sum(big * 1j),
        lambda: np.sum(np.r_[0.1, np.nan]),
        lambda: np.multiply.accumulate(np.full(9, 1e-100)),
        *(lambda x=x, y=y: x * y for x in z for y in z),
        *(lambda x=x, y=y: np.array([x]) * np.array([y]) for x in z for y in z),
        *(lambda x=x, y=y: np.array([x]) / np.array([y]) for x in z for y in z),
        *(lambda x=x: np.square(np.array([x])) + np.array([x]) for x in z),
    ]
    for compute in computations:
        plain = floating_point_events(compute)
        with noisy_either_way(1):
            assert floating_point_events(compute) == plain


def test_errors_are_raised_and_flags_do_not_leak(noisy: Noisy) -> None:
    with noisy(1), np.errstate(all="raise"):
        for bad in (
            lambda: np.ones(3) / np.zeros(3),
            lambda: np.sqrt([-1.0]),
            lambda: np.full(3, 1e300) * 1e300,
            lambda: np.log([0.0]),
        ):
            with pytest.raises(FloatingPointError):
                bad()
        tiny = np.full(600, 1e-290)
        assert ((tiny + tiny / 3) > 0).all()  # whose error term underflows, not its result
        assert (np.full(600, 1.0) / 3 > 0.33).all()
