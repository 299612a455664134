"""The arguments of a request that came as a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from angarium.actions.base import SocketBinding
from angarium.codec import encode
from angarium.dispatch import Arguments
from angarium.validation import MISSING, RequestSchema


class SocketArguments(Arguments):
    """The members of ``body``, sorted into what they are in HTTP.

    :param body: fits the schema of the action's messages.
    """

    def __init__(self, body: Mapping[str, Any], binding: SocketBinding) -> None:
        self._body = body
        self._binding = binding

    def query(self, schema: RequestSchema) -> dict[str, Any]:
        """The declared ones; whatever else the client sent is no filter."""
        binding, found = self._binding, {}
        for name in schema.query_types:
            shown = binding.renamed.get(name, name)
            if shown in self._body and name not in binding.left_out:
                value = self._body[shown]
                found[name] = bool(value) if name in binding.truth_values else value
        return found

    def body_size(self, at_most: int) -> int:
        """The compact JSON of the one member that is limited; no other can be too large."""
        measured = self._binding.measured
        value = None if measured is None else self._body.get(measured)
        return 0 if value is None else len(encode(value))

    def body(self, schema: RequestSchema) -> Any:
        """The document that a body would be in HTTP."""
        if schema.body_parameter is not None:
            value = self._body.get(schema.body_parameter)
            return MISSING if value is None else value
        binding, members = self._binding, {}
        for name in schema.body_members:
            shown = binding.renamed.get(name, name)
            if shown in self._body:
                value = self._body[shown]
                members[name] = [value] if name in binding.single else value
        return members if members or schema.body_required else MISSING
