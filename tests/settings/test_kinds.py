"""Sizes and probabilities."""

from pathlib import Path

import pytest

from pytracer.settings.kinds import FRACTION, SIZE, RefusedError, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("1000", 1000),
        ("256 MB", 256_000_000),
        ("256MiB", 256 << 20),
        ("1 GiB", 1 << 30),
        ("1.5 kib", 1536),
        ("0.25kB", 250),
        (" 2 TB ", 2 * 10**12),
        ("7 bytes", 7),
        ("512M", 512 << 20),
        ("2G", 2 << 30),
        ("1.5k", 1536),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size
    assert SIZE.check(text, Path()) == size


@pytest.mark.parametrize(
    "text",
    ["", "0", "0.4 bytes", "-1", "MB", "1 MB MB", "1e3", "1,5 MB", "1 Mb/s", "9" * 30, "9999999999 TiB", "\u0663"],
)
def test_no_sizes(text: str) -> None:
    with pytest.raises(RefusedError):
        parse_size(text)


@pytest.mark.parametrize("value", [0, -1, 2**63, True, 1.0, None, []])
def test_numbers_that_are_no_sizes(value: object) -> None:
    with pytest.raises(RefusedError):
        SIZE.check(value, Path())


@pytest.mark.parametrize("value", [0.5, 1e-300, 0.9999])
def test_probabilities(value: float) -> None:
    assert FRACTION.check(value, Path()) == value


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, -0.5, float("nan"), float("inf"), True, "0.5", None])
def test_no_probabilities(value: object) -> None:
    with pytest.raises(RefusedError):
        FRACTION.check(value, Path())
