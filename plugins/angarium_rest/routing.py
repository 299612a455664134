"""Paths to routes exactly as they stand (contract, ``rest-v2.md`` 1.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from flask import Flask, Request
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, MapAdapter, Rule


class Segment(BaseConverter):
    """One path segment, an empty one included."""

    regex = "[^/]*"


class PathFlask(Flask):
    """Flask that looks at nothing but the path, and never at a similar one.

    Left to itself it redirects to a path with a slash more or less, merges slashes in front, and
    finds no route when the Host header is no valid name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None)
        self.url_map.converters["segment"] = Segment
        self.url_map.merge_slashes = False

    def add_route(self, template: str, view: Callable[..., Any]) -> None:
        """Have a view answer all methods on a path.

        :param template: with parameters in braces.
        """
        self.url_map.add(Rule(re.sub(r"{(\w+)}", r"<segment:\1>", template), endpoint=template))
        self.view_functions[template] = view

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What matches the path of a request."""
        if request is None:
            return super().create_url_adapter(request)
        if request.environ.get("PATH_INFO", "").startswith("//"):
            raise NotFound
        return self.url_map.bind("localhost", path_info=request.path, default_method=request.method)

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """Whatever goes wrong in routing, a redirect too: there is no such route."""
        raise NotFound
