"""Memory that is used again and again, where the C library would give it back each time."""

from __future__ import annotations

import ctypes
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # the names of glibc's mallopt
_LARGEST_ARRAY = 32 << 20
_KEPT = 128 << 20


@cache
def keep_freed() -> None:
    """Let the process keep some freed memory for its next arrays.

    Arrays of some megabytes otherwise come from the system anew, page by page, which takes longer
    than what is done with them. Does nothing where the C library is not glibc.
    """
    mallopt = getattr(_c_library(), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_ARRAY)
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_ARENA_MAX, 1)


def _c_library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows
        return None
