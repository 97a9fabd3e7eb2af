"""Numbers as they would stand in traces."""

import numpy as np

from pytracer.parse.numbers import Numbers


def numbers_of(
    samples: np.ndarray, unperturbed: np.ndarray | None = None, sizes: list[int] | None = None, padding: int = 16
) -> Numbers:
    """Of `samples` (N, M): one value of M elements, or values of these sizes one after the other.

    Bytes of no meaning stand before each sample's.
    """
    count = [samples.shape[1]] if sizes is None else sizes
    lengths = np.array(count, np.int64)
    first = padding + (np.cumsum(lengths) - lengths) * samples.dtype.itemsize
    payloads = tuple(np.frombuffer(b"\xff" * padding + row.tobytes(), np.uint8) for row in samples)
    base = None if unperturbed is None else np.frombuffer(b"\xff" * padding + unperturbed.tobytes(), np.uint8)
    starts = np.tile(first, (len(samples), 1))
    return Numbers(samples.dtype, payloads, starts, lengths, base, None if base is None else first.copy())
