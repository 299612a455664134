"""A client that sends what no decent client sends, and answers nothing by itself."""

from __future__ import annotations

import base64
import os
import socket
import struct
from collections.abc import Mapping
from types import TracebackType


def handshake(**headers: str | None) -> dict[str, str]:
    """The headers of an opening handshake; underscores stand for hyphens, None takes one away."""
    standard: dict[str, str | None] = {
        "Host": "127.0.0.1",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
    }
    standard |= {name.replace("_", "-"): value for name, value in headers.items()}
    return {name: value for name, value in standard.items() if value is not None}


def frame(opcode: int, payload: bytes, *, is_final: bool = True, is_masked: bool = True) -> bytes:
    """A frame of a client."""
    first, mask = (0x80 if is_final else 0) | opcode, os.urandom(4)
    size, bit = len(payload), 0x80 if is_masked else 0
    if size < 126:
        head = struct.pack("!BB", first, bit | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, bit | 127, size)
    if not is_masked:
        return head + payload
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


class RawClient:
    """A socket to a port of loopback, after its handshake if that was accepted.

    :ivar head: status line and headers of the answer.
    """

    def __init__(
        self, port: int, headers: Mapping[str, str] | None = None, request: str = "GET / HTTP/1.1"
    ) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        lines = [request, *(f"{k}: {v}" for k, v in (headers or handshake()).items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            assert byte, head
            head += byte
        self.head = head.decode()

    @property
    def status(self) -> int:
        """Of the answer to the handshake."""
        return int(self.head.split()[1])

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def receive(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        first, size = self._read(2)
        if size == 126:
            [size] = struct.unpack("!H", self._read(2))
        elif size == 127:
            [size] = struct.unpack("!Q", self._read(8))
        return first & 0x0F, self._read(size)

    def closing(self) -> tuple[int, str]:
        """Code and reason of the close frame that comes, whatever comes before it."""
        while True:
            opcode, payload = self.receive()
            if opcode == 8:
                return struct.unpack("!H", payload[:2])[0], payload[2:].decode()

    def is_ended(self) -> bool:
        """Whether the server has ended the connection, once it has."""
        return self.socket.recv(1) == b""

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            assert piece, "the connection ended"
            data += piece
        return data

    def __enter__(self) -> RawClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()
