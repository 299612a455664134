"""Paths to routes exactly as they stand (contract, ``rest-v2.md`` 1.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, Map, MapAdapter, Rule


class Segment(BaseConverter):
    """One path segment, an empty one included."""

    regex = "[^/]*"


_Route = tuple[re.Pattern[str], Rule]
_PARAMETER: Final = re.compile(r"{(\w+)}")


class _PathAdapter(MapAdapter):
    """Finds our own routes by one pattern each, and asks the map for any other."""

    def __init__(self, url_map: Map, routes: Iterable[_Route], path: str, method: str) -> None:
        super().__init__(url_map, "localhost", "/", "", "http", path, method)
        self._routes = routes

    def match(self, *arguments: Any, **options: Any) -> Any:
        """The rule and the parameters, as Flask asks for them."""
        for pattern, rule in self._routes:
            found = pattern.fullmatch(self.path_info)
            if found is not None:
                return rule, found.groupdict()
        return super().match(*arguments, **options)


class _NoSessions(SessionInterface):
    """The API has no sessions, so that all requests share an empty one that nobody can write to."""

    _empty: Final = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:
        """Where to look a session up: nowhere."""
        return self._empty


class PathFlask(Flask):
    """Flask that looks at nothing but the path, and never at a similar one.

    Left to itself it redirects to a path with a slash more or less, merges slashes in front, finds
    no route when the Host header is no valid name, and opens a session for each request.
    """

    session_interface = _NoSessions()

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None)
        self.url_map.converters["segment"] = Segment
        self.url_map.merge_slashes = False
        self._routes: dict[int, list[_Route]] = {}

    def add_route(self, template: str, view: Callable[..., Any]) -> None:
        """Have a view answer all methods on a path.

        :param template: with parameters in braces.
        """
        rule = Rule(_PARAMETER.sub(r"<segment:\1>", template), endpoint=template)
        self.url_map.add(rule)
        self.view_functions[template] = view
        alike = self._routes.setdefault(template.count("/"), [])
        alike.append((re.compile(_PARAMETER.sub(r"(?P<\1>[^/]*)", template)), rule))
        alike.sort(key=lambda route: route[0].groups)  # what is spelt out goes first

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What matches the path of a request."""
        if request is None:
            return super().create_url_adapter(request)
        if request.environ.get("PATH_INFO", "").startswith("//"):
            raise NotFound
        routes = self._routes.get(request.path.count("/"), ())
        return _PathAdapter(self.url_map, routes, request.path, request.method)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """A view as it is: there are no coroutines here, so none is looked for in each request."""
        return func

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """Whatever goes wrong in routing, a redirect too: there is no such route."""
        raise NotFound
