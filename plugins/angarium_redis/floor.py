"""The floor on Redis: a Flask route whose only work is one script that writes the request's body.

``angarium bench --floor redis://…`` serves it as ``angarium-server`` serves the REST API. It calls
Redis through redis-py as one would anywhere, so that it stays the same yardstick whatever the
driver here does.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request

_PREFIX: Final = "angarium-floor:"
_SCRIPT: Final = "return redis.call('RPUSH', KEYS[1], ARGV[1])"
_DOCUMENT: Final = (
    b'{"resources": ["/v2/queues/floor/messages/019f2f8c-7d3b-7c9a-8d6e-3f1b2a4c5d6e"]}'
)


def app(url: str) -> Flask:
    """The application, as ``angarium.bench.floors`` wants it.

    :param url: of one server, as redis-py reads it.
    """
    from redis import Redis  # an extra, and this package's entry points load without it

    client = Redis.from_url(url)
    digest = client.script_load(_SCRIPT)
    application = Flask("floor")

    @application.post("/v2/queues/<queue>/messages")
    def post(queue: str) -> Response:
        client.evalsha(digest, 1, f"{_PREFIX}{queue}", request.get_data())
        return Response(_DOCUMENT, 201, content_type="application/json")

    @application.delete("/v2/queues/<queue>")
    def delete(queue: str) -> Response:
        client.delete(f"{_PREFIX}{queue}")
        return Response(status=204)

    return application
