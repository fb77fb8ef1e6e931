"""A checksum of many bytes at the speed of memory."""

from __future__ import annotations

import secrets

import numpy as np

_BLOCK = 1 << 13
"""Words of eight bytes that are taken at once."""
_MASK = (1 << 64) - 1
_STEP = secrets.randbits(64) | 1
_WEIGHTS = np.frombuffer(secrets.token_bytes(8 * _BLOCK), "<u8") | np.uint64(1)


def checksum(text: bytes | memoryview) -> int:
    """64 bits, other ones in each run: a sum of the words with random weights, none of them even.

    Any change of one word shows, and one of several words but for a chance of about 2 ** -63.
    """
    words = np.frombuffer(text, "<u8", len(text) // 8)
    total = len(text)
    for start in range(0, len(words), _BLOCK):
        part = words[start : start + _BLOCK]
        total = total * _STEP + int(np.dot(part, _WEIGHTS[: len(part)])) & _MASK
    return total * _STEP + int.from_bytes(text[8 * len(words) :], "little") & _MASK
