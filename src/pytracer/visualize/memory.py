"""Lets the memory of what was freed go back to the system."""

import ctypes

M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
LARGE_BYTES = 2**22


def return_freed_memory() -> bool:
    """Tell the allocator of this process, from now on; False where it is not glibc's.

    Left alone it learns to keep large blocks, for each thread apart: after some views of a million calls a third of the
    server's memory was arrays that had been freed.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES))
    except (AttributeError, OSError, TypeError):  # another C library; TypeError: Windows has no library None
        return False
