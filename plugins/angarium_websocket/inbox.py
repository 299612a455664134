"""What comes in: bytes to messages, each of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wsproto.frame_protocol import CloseReason, Frame, FrameProtocol, Opcode, ParseFailed


class Violation(Exception):
    """Raised for what ends a connection.

    :ivar code: of the close frame that says so.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message, or a control frame.

    :ivar opcode: TEXT, BINARY, PING, PONG or CLOSE.
    :ivar payload: of a text message in UTF-8; of a close frame its two bytes of code, or nothing.
    """

    opcode: Opcode
    payload: bytes

    @property
    def message(self) -> str | bytes:
        """A text message as a string, a binary one as bytes."""
        return self.payload.decode() if self.opcode is Opcode.TEXT else self.payload


class Inbox:
    """Puts messages together.

    :param max_size: bytes of a message.
    """

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._frames = FrameProtocol(client=False, extensions=[])
        self._message = bytearray()

    def receive(self, data: bytes) -> Iterator[Incoming]:
        """What is complete with these bytes.

        :raises Violation: they are no frames, or a message is too large.
        """
        self._frames.receive_bytes(data)
        frames = self._frames.received_frames()
        while True:
            try:
                frame = next(frames, None)
            except ParseFailed as error:
                raise Violation(error.code, str(error)) from error
            if frame is None:
                return
            if frame.opcode.iscontrol():
                yield _control(frame)
            elif (whole := self._add(frame)) is not None:
                yield whole

    def _add(self, frame: Frame) -> Incoming | None:
        piece = _bytes(frame.payload)
        if len(self._message) + len(piece) > self._max_size:
            raise Violation(
                CloseReason.MESSAGE_TOO_BIG,
                f"A message may have at most {self._max_size} bytes.",
            )
        self._message += piece
        if not frame.message_finished:
            return None
        message, self._message = bytes(self._message), bytearray()
        return Incoming(frame.opcode, message)


def _control(frame: Frame) -> Incoming:
    if isinstance(frame.payload, tuple):  # of a close frame
        code = frame.payload[0]
        is_told = code != CloseReason.NO_STATUS_RCVD
        return Incoming(frame.opcode, int(code).to_bytes(2, "big") if is_told else b"")
    return Incoming(frame.opcode, _bytes(frame.payload))


def _bytes(payload: Any) -> bytes:
    return payload.encode() if isinstance(payload, str) else bytes(payload)
