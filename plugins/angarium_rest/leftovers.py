"""Reading what is left of a body when its request is answered.

Many refusals come before the body is read. A server that is left with an unread body, as Granian
is, ends the connection without a word: the client may fail to read the answer while it is still
sending, and the next request of a client that keeps its connection alive fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

_MOST: Final = 4 * 1024 * 1024  # bytes that are worth reading for the sake of a connection
_PIECE: Final = 64 * 1024


class Leftovers:
    """WSGI middleware that reads the rest of each body, unless it is very large.

    A client that waits for ``100 Continue`` has not sent its body, and is not asked for it.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on, and take what it left."""
        length = environ.get("CONTENT_LENGTH") or ""
        is_chunked = "HTTP_TRANSFER_ENCODING" in environ
        if "HTTP_EXPECT" in environ or not (is_chunked or length.isdecimal()):
            return self._app(environ, start_response)
        body = _CountedBody(environ["wsgi.input"], None if is_chunked else int(length))
        environ["wsgi.input"] = body
        answer = self._app(environ, start_response)
        return _answer_first(answer, body) if body.is_left else answer


def _answer_first(answer: Iterable[bytes], body: _CountedBody) -> Iterator[bytes]:
    """Send the answer, then read: the client may be waiting for it before it sends the rest."""
    try:
        yield from answer
        body.finish()
    finally:
        if isinstance(answer, _Closable):
            answer.close()


@runtime_checkable
class _Closable(Protocol):
    def close(self) -> None:
        """Give back what the answer holds."""


class _CountedBody:
    """The body of a request.

    :param size: bytes as declared, or None for a chunked body, which tells its end itself.
    """

    def __init__(self, body: InputStream, size: int | None) -> None:
        self._body = body
        self._left = _MOST if size is None else size

    @property
    def is_left(self) -> bool:
        """Whether there is more to read, and not too much."""
        return 0 < self._left <= _MOST

    def read(self, size: int = -1) -> bytes:
        """Read as the body itself does."""
        piece = self._body.read(size)
        self._left = self._left - len(piece) if piece else 0
        return piece

    def finish(self) -> None:
        """Read to the end."""
        with suppress(OSError):
            while self._left > 0:
                self.read(min(self._left, _PIECE))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)
