"""Whatever the layout of the operands, the loops compute what NumPy defines."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Noisy = Callable[[int], AbstractContextManager[None]]
Array = NDArray[Any]
Layout = Callable[[Array, Array], Array]


def unaligned(x: Array) -> Array:
    raw = np.zeros(x.nbytes + 1, np.uint8)
    view = raw[1:].view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


def in_place(a: Array, b: Array, i: slice, j: slice) -> Array:
    a = a.copy()
    a[i] += b[j] if len(a[i]) == len(b[j]) else b[0]
    return a


def out_of(operation: Any, a: Array, b: Array, out: Array) -> Array:
    operation(a, b, out=out)
    return out


def halves(b: Array) -> Array:
    """Powers of two; for complex numbers, some of them imaginary."""
    signs = np.where(b.real > 3, 1j, 1) if np.iscomplexobj(b) else np.where(b > 3, -1, 1)
    return (np.where(b.real > 5, 2, 4) * signs).astype(b.dtype)


def masked(a: Array, b: Array) -> Array:
    result = np.zeros_like(a)
    np.multiply(a, b, out=result, where=np.arange(len(a)) % 3 == 1)
    return result


def overlapping(a: Array, b: Array) -> Array:
    a = np.concatenate([a, b])
    np.add(a[:-1], a[1:], out=a[1:])
    np.subtract(a[::-1], a, out=a)
    return a


LAYOUTS: dict[str, Layout] = {
    "contiguous": lambda a, b: a + b,
    "strided": lambda a, b: np.repeat(a, 3)[::3] * np.repeat(b, 2)[1::2],
    "negative stride": lambda a, b: a[::-1] - b,
    "both negative": lambda a, b: a[::-1] * b[::-1],
    "unaligned": lambda a, b: unaligned(a) + unaligned(b),
    "unaligned strided": lambda a, b: unaligned(np.repeat(a, 2))[::2] - b,
    "scalar left": lambda a, b: 3 - b,
    "0-d": lambda a, b: np.asarray(a[0] * np.array(3)) + np.multiply(a[-1], b[0]),
    "broadcast": lambda a, b: a[:7, None] * b[None, :9],
    "broadcast view": lambda a, b: np.broadcast_to(a[:1], a.shape) + b,
    "transposed": lambda a, b: np.outer(a[:5], b[:6]).T + np.outer(b[:6], a[:5]),
    "Fortran order": lambda a, b: np.asfortranarray(np.outer(a[:5], b[:6])) + np.outer(b[:5], a[:6]),
    "in place": lambda a, b: in_place(a, b, slice(None), slice(None)),
    "in place backwards": lambda a, b: in_place(a, b, slice(None, None, -1), slice(None)),
    "in place by a scalar": lambda a, b: in_place(a, b, slice(1, None), slice(0, 1)),
    "out into an operand": lambda a, b: out_of(np.subtract, a, b, b),
    "out strided": lambda a, b: out_of(np.add, a, b, np.zeros(3 * len(a), a.dtype)[::3]),
    "out unaligned": lambda a, b: out_of(np.add, a, b, unaligned(a)),
    "out of another type": lambda a, b: out_of(np.multiply, a, b, np.zeros(len(a), np.complex128)),
    "where": masked,
    "overlapping": overlapping,
    "add outer": lambda a, b: np.add.outer(a[:4], b[:5]),
    "sum": lambda a, b: np.sum(a),
    "sum strided": lambda a, b: np.sum(np.repeat(a, 2)[::2]) + np.sum(a[::-1]),
    "sum with where": lambda a, b: np.sum(a, where=b >= b[0], initial=1),
    "sums by axis": lambda a, b: np.stack([s := np.resize(a, (3, 4, 5)), s * 2]).sum(axis=(0, 2)),
    "first axis": lambda a, b: np.resize(a, (40, 3)).sum(axis=0),
    "middle axis": lambda a, b: np.resize(a, (3, 40, 2)).sum(axis=1, keepdims=True),
    "last axis": lambda a, b: np.resize(a, (3, 300)).sum(axis=-1),
    "no axis": lambda a, b: np.resize(a, (3, 30)).T.sum(),
    "cumsum": lambda a, b: np.cumsum(a),
    "cumsum by axis": lambda a, b: np.resize(a, (5, 6)).cumsum(axis=0),
    "cumprod": lambda a, b: np.cumprod(np.sign(a) * 2),
    "prod": lambda a, b: np.prod(a[:5]),
    "subtract reduce": lambda a, b: np.subtract.reduce(a),
    "divide reduce": lambda a, b: np.divide.reduce(np.r_[a[:1] * 0 + 2**20, np.resize(b[:1] * 0 + 2, 9)]),
    "accumulate in place": lambda a, b: np.add.accumulate(a.copy(), out=a),
    "subtract accumulate": lambda a, b: np.subtract.accumulate(a),
    "reduceat": lambda a, b: np.add.reduceat(a, [0, len(a) // 2, len(a) // 3]),
    "multiply reduceat": lambda a, b: np.multiply.reduceat(np.sign(a) * 2, [0, len(a) // 2]),
    "quotients": lambda a, b: np.repeat(a, 2)[::2] / halves(b)[::-1],
    "quotients in place": lambda a, b: out_of(np.divide, a, halves(b), a),
    "quotients into the divisor": lambda a, b: out_of(np.divide, a[::-1], d := halves(b), d),
    "reciprocals": lambda a, b: np.reciprocal(np.repeat(halves(b), 3)[::-3]),
    "cubes": lambda a, b: np.power(np.repeat(a, 2)[::2], 3),
    "powers in place": lambda a, b: out_of(np.power, a, b[::-1], a),
    "powers into the exponents": lambda a, b: out_of(np.power, a[::-1], b, b),
    "powers by broadcasting": lambda a, b: np.power(a[:7, None], b[None, :9]),
    "absolute values": lambda a, b: np.absolute(np.repeat(3 * a + 4j * a, 2)[::-2]),
    "hypot in place": lambda a, b: out_of(np.hypot, x := 3 * np.abs(a), 4 * np.abs(a), x),
    "square in place": lambda a, b: np.square(a, out=a),
    "empty": lambda a, b: np.concatenate([a[:0] * b[:0], [np.sum(a[:0])]]),
    "differences": lambda a, b: np.diff(b, append=3),
}


@pytest.mark.parametrize("kind", ["f8", "f4", "c16", "c8", ">f8"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_whole_numbers_are_computed_exactly(name: str, kind: str, noisy_either_way: Noisy) -> None:
    """An error of addressing cannot hide: all intermediate results are whole numbers, so nothing is rounded."""
    rng = np.random.default_rng(1)
    for n in (1, 2, 7, 8, 9, 100):
        a, b = rng.integers(1, 9, (2, n)).astype(kind)
        with np.errstate(all="ignore"):
            plain = LAYOUTS[name](a.copy(), b.copy())
            with noisy_either_way(n):
                drawn = LAYOUTS[name](a.copy(), b.copy())
        assert drawn.dtype == plain.dtype
        assert drawn.shape == plain.shape
        assert drawn.tobytes() == plain.tobytes(), n


def test_every_size_up_to_1100(noisy: Noisy) -> None:
    rng = np.random.default_rng(2)
    a, b = rng.uniform(1, 2, (2, 1101))
    whole = np.floor(a * 1000)
    with noisy(3):
        results = [(a[:n] * b[:n], whole[:n] + b[n], np.sum(whole[:n])) for n in range(1101)]
    for n, (product, shifted, total) in enumerate(results):
        assert product.shape == shifted.shape == (n,)
        assert (np.abs(product.view(np.int64) - (a[:n] * b[:n]).view(np.int64)) <= 1).all()
        assert (np.abs(shifted.view(np.int64) - (whole[:n] + b[n]).view(np.int64)) <= 1).all()
        assert total == whole[:n].sum()


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 2, 8, 9, 127, 128, 129, 1000, 10_000])
def test_sums_are_within_the_bound_of_pairwise_summation(n: int, kind: type, noisy: Noisy) -> None:
    """Higham, Accuracy and Stability of Numerical Algorithms, 4.2: depth * 2u * sum(|x|), here 2u as rounding is directed.

    A leaf has up to 16 additions a lane, 3 that join the lanes and up to 7 of the rest.
    """
    x = np.random.default_rng(n).normal(size=n).astype(kind)
    exact = sum((Fraction(float(each)) for each in x), Fraction(0))
    depth = 27 + max(0, (n // 64).bit_length())
    bound = float(depth * Fraction(float(np.finfo(kind).eps)) * sum(Fraction(abs(float(each))) for each in x))
    with noisy(n):
        sums = [np.sum(x) for _ in range(20)] + [np.sum(x[::-1]), np.sum(np.repeat(x, 2)[::2])]
        total = np.sum(x + 1j * x)
    sums += [total.real, total.imag]
    assert all(abs(Fraction(float(each)) - exact) <= bound for each in sums)
    assert n < 8 or len(set(sums)) > 1


def test_long_sums_do_not_drift_as_running_sums_do(noisy: Noisy) -> None:
    x = np.linspace(0.1, 1, 4000)
    z = x + 1j * x
    with noisy(8):
        spread = [
            np.ptp([float(f()) for _ in range(50)]) for f in (x.sum, lambda: z.sum().imag, lambda: np.cumsum(x)[-1])
        ]
    assert spread[0] * 4 < spread[2]
    assert spread[1] * 4 < spread[2]


def test_perturbs_where_it_computes(noisy: Noisy) -> None:
    """Each layout, with numbers that do not stay whole."""
    a = np.random.default_rng(4).uniform(1, 2, 200)
    b = 1 / (7 * a[::-1])
    steady = []
    for name, layout in LAYOUTS.items():
        with noisy(6):
            drawn = {np.asarray(layout(a.copy(), b.copy())).tobytes() for _ in range(60)}
        if len(drawn) == 1:
            steady.append(name)
    assert steady == [
        "cumprod",
        "divide reduce",
        "multiply reduceat",
        "quotients",
        "quotients in place",
        "quotients into the divisor",
        "reciprocals",
        "empty",
    ]
