"""A Flask route that answers a constant: what Flask and the HTTP server alone take.

It reads no body and keeps nothing.
"""

from __future__ import annotations

from flask import Flask, Response

DOCUMENT = b'{"resources": ["/v2/queues/constant/messages/019f2f8c-7d3b-7c9a-8d6e-3f1b2a4c5d6e"]}'


def app(url: str) -> Flask:
    """The application, as :mod:`angarium.bench.serve` takes it.

    :param url: of no meaning here.
    """
    application = Flask("constant")

    @application.post("/v2/queues/<queue>/messages")
    def answer(queue: str) -> Response:
        return Response(DOCUMENT, 201, content_type="application/json")

    return application
