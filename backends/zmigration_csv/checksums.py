"""A checksum of many bytes at the speed of memory."""

from __future__ import annotations

import secrets

import numpy as np

from .cells import Text

_BLOCK = 1 << 13
"""Words of eight bytes that are taken at once."""
_MASK = (1 << 64) - 1
_STEP = secrets.randbits(64) | 1
_WEIGHTS = np.frombuffer(secrets.token_bytes(8 * _BLOCK), "<u8") | np.uint64(1)


def checksum(text: Text) -> int:
    """64 bits, other ones in each run: a sum of the words with random weights, none of them even.

    Any change of one word shows, and one of several words but for a chance of about 2 ** -63.
    """
    words = np.frombuffer(text, "<u8", len(text) // 8)
    whole = len(words) // _BLOCK
    rest = words[whole * _BLOCK :]
    total = len(text)
    blocks = np.dot(words[: whole * _BLOCK].reshape(whole, _BLOCK), _WEIGHTS)
    for block in (*blocks.tolist(), int(np.dot(rest, _WEIGHTS[: len(rest)]))):
        total = total * _STEP + block & _MASK
    return total * _STEP + int.from_bytes(text[8 * len(words) :], "little") & _MASK
