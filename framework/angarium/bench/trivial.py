"""A server that does as good as nothing, to find out how many requests the clients can send.

python -m angarium.bench.trivial PORT
"""

from __future__ import annotations

import selectors
import socket
import sys

_ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


def main() -> None:
    """Answer whatever comes, until a signal does."""
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            connection = key.fileobj
            if connection is listener:
                accepted, _ = listener.accept()
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(accepted, selectors.EVENT_READ)
            elif isinstance(connection, socket.socket):
                _answer(selector, connection)


def _answer(selector: selectors.BaseSelector, connection: socket.socket) -> None:
    try:
        is_open = bool(connection.recv(1 << 16))
        if is_open:
            connection.sendall(_ANSWER)
    except ConnectionError:
        is_open = False
    if not is_open:
        selector.unregister(connection)
        connection.close()


if __name__ == "__main__":
    main()
