"""Frames as they go out (RFC 6455, 5.2): whole, unmasked, each independent of the others.

Nothing here has a state, so any thread may make a frame at any time.
"""

from __future__ import annotations

import struct
from typing import Final

from wsproto.frame_protocol import Opcode

_FINAL: Final = 0x80
_SHORT: Final = 125
_TWO_BYTES: Final = 0xFFFF
_LONGEST_REASON: Final = _SHORT - 2


def serialise(opcode: Opcode, payload: bytes) -> bytes:
    """One frame that is a whole message."""
    size, first = len(payload), _FINAL | opcode
    if size <= _SHORT:
        return struct.pack("!BB", first, size) + payload
    if size <= _TWO_BYTES:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def message(payload: str | bytes) -> bytes:
    """A text frame for a string, a binary one for bytes."""
    if isinstance(payload, str):
        return serialise(Opcode.TEXT, payload.encode())
    return serialise(Opcode.BINARY, payload)


def close(code: int, reason: str) -> bytes:
    """A close frame; what is too long of the reason is cut off."""
    text = reason.encode()[:_LONGEST_REASON].decode("utf-8", "ignore")
    return serialise(Opcode.CLOSE, struct.pack("!H", code) + text.encode())
