"""A request's whole way: find the action, validate, authorise, act.

A transport turns bytes into an :class:`Arguments` and takes the steps of :class:`Dispatcher` in the
order of its protocol: :meth:`~Dispatcher.admit` and :meth:`~Dispatcher.perform` (contract,
``rest-v2.md`` 1.2, steps 6 to 11), or one by one what these two consist of.
"""

from __future__ import annotations

import logging
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from angarium.actions.base import Action, Services
from angarium.context import PushAddress, RequestContext
from angarium.errors import InternalError
from angarium.identity import Identity
from angarium.logs import event
from angarium.policy import Policy
from angarium.validation import MISSING, RequestSchema

LOG = logging.getLogger(__name__)


class Arguments(ABC):
    """The arguments of one request as its transport carries them."""

    @abstractmethod
    def query(self, schema: RequestSchema) -> dict[str, Any]:
        """Parameters beside the body, each of the type that the schema declares.

        Those the schema does not declare are left out, or are text if it is open.

        :raises InvalidParameter: one cannot be read as its type.
        """

    @abstractmethod
    def body_size(self, at_most: int) -> int:
        """Bytes of the body; any number above ``at_most`` if it is larger than that."""

    @abstractmethod
    def body(self, schema: RequestSchema) -> Any:
        """The decoded body, or MISSING if there is none.

        :raises UnsupportedMediaType: the schema names a media type, and this is another one.
        :raises InvalidBody: it cannot be decoded.
        """


class Dispatcher:
    """Carries requests from any transport to the handlers of their actions."""

    def __init__(self, services: Services, policy: Policy, actions: Iterable[Action]) -> None:
        self._services = services
        self._policy = policy
        self.actions = {action.name: action for action in actions}
        self._schemas = {name: services.schemas.request(name) for name in self.actions}

    def admit(
        self,
        action: Action,
        request_id: str,
        identity: Identity,
        headers: Mapping[str, str],
        path: Mapping[str, str],
    ) -> RequestContext:
        """Check the headers and the path and say who asks.

        :param headers: those of ``Client-ID`` and ``X-Project-Id`` that the request has.
        :param path: the parameters of the route.
        :raises ApiError: a header or a name is missing or malformed.
        """
        self.check_names(action, headers, path)
        return self.introduce(request_id, identity, headers)

    def check_names(
        self,
        action: Action,
        headers: Mapping[str, str],
        path: Mapping[str, str],
        *,
        any_client_id: bool = False,
    ) -> None:
        """Check the headers and the path.

        :param any_client_id: accept every Client-ID, whatever its form.
        :raises ApiError: a header or a name is missing or malformed.
        """
        schema = self._schemas[action.name]
        schema.check_headers(headers, any_client_id=any_client_id)
        schema.check_path(path)

    @staticmethod
    def introduce(
        request_id: str,
        identity: Identity,
        headers: Mapping[str, str],
        push_address: PushAddress | None = None,
    ) -> RequestContext:
        """Say who asks, and where the connection can be pushed to, without checking anything."""
        return RequestContext(
            request_id=request_id,
            project=headers.get("X-Project-Id", ""),
            client_id=_canonical(headers.get("Client-ID", "")),
            user_id=identity.user_id,
            roles=identity.roles,
            push_address=push_address,
        )

    def perform(
        self,
        action: Action,
        context: RequestContext,
        path: Mapping[str, str],
        arguments: Arguments,
    ) -> Any:
        """Authorise, validate and act.

        :returns: what the handler of the action returns.
        :raises ApiError: the request is refused, or a store failed.
        """
        self.authorise(action, context)
        return self.act(action, context, path, arguments)

    def authorise(self, action: Action, context: RequestContext) -> None:
        """Return if the policy lets the caller pass.

        :raises Forbidden: it does not.
        """
        if action.rule is not None:
            self._policy.authorise(context, action.rule)

    def act(
        self,
        action: Action,
        context: RequestContext,
        path: Mapping[str, str],
        arguments: Arguments,
    ) -> Any:
        """Validate and act.

        :returns: what the handler of the action returns.
        :raises ApiError: the request is refused, or a store failed.
        """
        parameters = self._validate(action, context, path, arguments)
        return action.handler(self._services, context, parameters)

    def _validate(
        self,
        action: Action,
        context: RequestContext,
        path: Mapping[str, str],
        arguments: Arguments,
    ) -> dict[str, Any]:
        schema = self._schemas[action.name]
        query = arguments.query(schema)
        body, size = MISSING, 0
        if schema.takes_body:
            size = arguments.body_size(schema.max_body)
            if size > schema.max_body:
                raise schema.body_error(f"The body may have at most {schema.max_body} bytes.")
            if action.check_size is not None:
                action.check_size(self._services, context, path, size)
            body = arguments.body(schema)
        schema.check(query, body)
        parameters = _merge(schema, path, query, body)
        if action.check_size is not None:
            parameters["body_size"] = size
        return parameters


def _merge(
    schema: RequestSchema, path: Mapping[str, str], query: dict[str, Any], body: Any
) -> dict[str, Any]:
    """One flat set of parameters, whatever part of the request each came in.

    Members of the body that its schema does not declare are dropped: nothing has checked them, and
    one may have the name of a parameter that belongs elsewhere.
    """
    if schema.open_query:
        declared = schema.query_types
        filters = {name: value for name, value in query.items() if name not in declared}
        query = {name: value for name, value in query.items() if name in declared}
        query["filters"] = filters
    parameters = {**query, **path}
    if body is MISSING:
        return parameters
    if schema.body_parameter is not None:
        parameters[schema.body_parameter] = body
        return parameters
    members = schema.body_members
    return {**{name: body[name] for name in body if name in members}, **parameters}


@lru_cache(maxsize=1024)
def _canonical(client_id: str) -> str:
    """One spelling for each UUID, so that two of them compare equal; other ids as they are.

    Remembered for the ids of recent requests, which are checked, so none is very long.
    """
    try:
        return str(uuid.UUID(client_id))
    except ValueError:
        return client_id


def log_failure(request_id: str, error: BaseException) -> InternalError:
    """Log an exception that nobody expected and make the error that the client gets instead."""
    LOG.error("unexpected failure", exc_info=error)
    event(LOG, logging.ERROR, "request failed", code=InternalError.code, request_id=request_id)
    return InternalError()
