"""Pages of mapped files: what has been read counts as memory of this process until it is dropped."""

import mmap
from typing import Any

from numpy.typing import NDArray


def mapping_of(array: NDArray[Any]) -> mmap.mmap | None:
    """The file mapping under an array that the reader of traces made; None when it stands in memory."""
    under: Any = array
    while under is not None and not isinstance(under, mmap.mmap):
        under = getattr(under, "base", None)
    return under


def is_mapped(array: NDArray[Any]) -> bool:
    """Whether the array is a file that is mapped. Traces are only read: its pages may be dropped at any time."""
    return mapping_of(array) is not None


def drop_pages(*arrays: NDArray[Any]) -> None:
    """Forget the pages of mapped files; who looks at them again gets them from the system's cache."""
    for array in arrays:
        mapping = mapping_of(array)
        if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
            mapping.madvise(mmap.MADV_DONTNEED)
