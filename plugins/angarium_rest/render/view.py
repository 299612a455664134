"""What a renderer knows of the request, and the links that it makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from angarium.storage.models import Kind


@dataclass(frozen=True, slots=True)
class View:
    """The request behind a result.

    :ivar kind: whether it was about queues or topics.
    :ivar path: the parameters of the route.
    :ivar query: the parameters of the query string, typed, in the order given.
    :ivar query_string: the query string as it came.
    :ivar metadata_defaults: reserved metadata keys, with what is shown when they are unset.
    """

    kind: Kind
    path: Mapping[str, str]
    query: Mapping[str, Any]
    query_string: str
    metadata_defaults: Mapping[str, Any]

    @property
    def collection(self) -> str:
        """What the collection of queues or topics is called."""
        return f"{self.kind}s"

    @property
    def queue(self) -> str:
        """The path of the queue or topic."""
        kind = self.kind
        return f"/v2/{kind}s/{self.path[f'{kind}_name']}"

    def target(self, path: str) -> str:
        """A path with the query of the request."""
        return f"{path}?{self.query_string}" if self.query_string else path

    def next_link(
        self, collection: str, marker: str | None, extra: Mapping[str, Any] | None = None
    ) -> list[dict[str, str]]:
        """The ``links`` of a page; empty when the page is.

        :param marker: where the next page starts, or None for an empty page.
        :param extra: parameters that the request did not give.
        """
        if marker is None:
            return []
        parameters = {**self.query, **(extra or {}), "marker": marker}
        parameters["marker"] = parameters.pop("marker")
        text = urlencode(
            {name: _as_text(value) for name, value in parameters.items()}, quote_via=quote
        )
        return [{"rel": "next", "href": f"{collection}?{text}"}]


def path_to(collection: str, name: str) -> str:
    """The path of an item whose name may hold anything but a slash."""
    return f"{collection}/{quote(name, safe='')}"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
