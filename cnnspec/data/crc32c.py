"""CRC-32C (Castagnoli), the checksum of TFRecord files, in blocks with NumPy.

The checksum is linear: that of a block is the exclusive or of what each byte gives by its value and its distance from
the end, which a table tells. What came before a block enters it by its first four bytes.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from cnnspec.data.columns import Array

_POLYNOMIAL = 0x82F63B78
_BLOCK = 2048
_MASK = 0xA282EAD8


@cache
def _table() -> Array:
    """What a byte gives by its distance from the end of a block and its value."""
    first = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        first = np.where(first & 1, (first >> 1) ^ np.uint32(_POLYNOMIAL), first >> 1)
    table = np.empty((_BLOCK, 256), np.uint32)
    table[0] = first
    for distance in range(1, _BLOCK):
        before = table[distance - 1]
        table[distance] = first[before & 255] ^ (before >> 8)
    return table[::-1].reshape(-1).copy()


_PLACES = np.arange(_BLOCK, dtype=np.intp) * 256


def crc32c(data: bytes | memoryview) -> int:
    """The checksum of `data`."""
    table, numbers = _table(), np.frombuffer(data, np.uint8)
    state = 0xFFFFFFFF
    for start in range(0, len(numbers), _BLOCK):
        block = numbers[start : start + _BLOCK]
        if len(block) < 4:
            for byte in block.tolist():
                state = (state >> 8) ^ int(table[(_BLOCK - 1) * 256 + ((state ^ byte) & 255)])
            continue
        places = _PLACES[_BLOCK - len(block) :] + block
        places[:4] ^= np.frombuffer(state.to_bytes(4, "little"), np.uint8)
        state = int(np.bitwise_xor.reduce(table[places]))
    return state ^ 0xFFFFFFFF


def masked(data: bytes | memoryview) -> int:
    """The checksum as it is stored: turned by 15 bits, and a constant added."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + _MASK) & 0xFFFFFFFF
