"""One client's conversation: a message in, an answer out, and who the client is in between.

The order of the checks is that of the contract (``websocket-v2.md`` 3).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Any, Final

from angarium.actions import table
from angarium.actions.base import Action
from angarium.context import PushAddress
from angarium.dispatch import log_failure
from angarium.errors import ApiError
from angarium.identity import Identity
from angarium.ids import new_request_id
from angarium.kernel import Kernel
from angarium.logs import event
from angarium_websocket import credentials, refusals
from angarium_websocket.arguments import SocketArguments
from angarium_websocket.encoding import BINARY, TEXT, Encoding, Undecodable
from angarium_websocket.leaving import OwnSubscription
from angarium_websocket.render import RENDERERS, Result, View
from angarium_websocket.requests import (
    AUTHENTICATE,
    UNREADABLE,
    Envelope,
    Frames,
    Unacceptable,
    open_envelope,
)

LOG = logging.getLogger(__name__)

_SUBSCRIBE: Final = "subscription_create"
_CREATED: Final = 201


@dataclass(frozen=True)
class Reception:
    """What the sessions of a process share."""

    kernel: Kernel
    frames: Frames

    @classmethod
    def of(cls, kernel: Kernel) -> Reception:
        """For a service; compiles the schemas."""
        return cls(kernel, Frames(table.ALL, kernel.services.schemas))


class Session:
    """The conversation with one client. Its messages come one after the other.

    :param address: where the connection can be pushed to.
    :ivar push_encoding: that of the message which last made a subscription of the connection.
    :ivar subscriptions: those of the connection, by id.
    """

    def __init__(self, reception: Reception, address: PushAddress) -> None:
        self.push_encoding = TEXT
        self.subscriptions: dict[str, OwnSubscription] = {}
        self._address = address
        self._kernel = reception.kernel
        self._dispatcher = reception.kernel.dispatcher
        self._frames = reception.frames
        self._identity: Identity | None = None

    @property
    def lifetime(self) -> float | None:
        """Seconds for which the client's token is still good, 0 or less if it was; or None."""
        identity = self._identity
        if identity is None or identity.expires is None:
            return None
        return identity.expires - self._kernel.services.clock.now()

    def answer(self, raw: bytes, *, is_text: bool) -> str | bytes:
        """The answer to a message, in the encoding of the message."""
        encoding = TEXT if is_text else BINARY
        echo, result = self._answer(raw, encoding)
        return encoding.encode(
            {"request": echo, "body": result.body, "headers": {"status": result.status}}
        )

    def _answer(self, raw: bytes, encoding: Encoding) -> tuple[Mapping[str, Any], Result]:
        try:
            document = encoding.decode(raw)
        except Undecodable as error:
            return UNREADABLE, refusals.malformed(str(error))
        if not isinstance(document, dict):
            kind = type(document).__name__
            return UNREADABLE, refusals.malformed(
                f"Unexpected body type. Expected dict, not {kind}."
            )
        envelope = open_envelope(document)
        try:
            self._frames.check(document)
        except Unacceptable as error:
            return envelope.echo, refusals.malformed(str(error))
        return envelope.echo, self._carry_out(envelope, encoding)

    def _carry_out(self, envelope: Envelope, encoding: Encoding) -> Result:
        request_id = new_request_id()
        action = self._dispatcher.actions.get(envelope.action)
        if action is not None and action.socket is None:
            action = None
        renamed = action.socket.renamed if action and action.socket else {}
        try:
            if envelope.action == AUTHENTICATE:
                return self._authenticate(envelope.headers)
            if action is None:
                is_known = self._kernel.identity.open or self._is_authenticated
                refused = refusals.NOT_AUTHENTICATED
                return refusals.unavailable(envelope.action) if is_known else refused
            identity = self._identify(action, envelope)
            if identity is None:
                return refusals.NOT_AUTHENTICATED
            return self._perform(action, envelope, identity, request_id, encoding)
        except ApiError as error:
            _log(error, envelope.action, request_id)
            return refusals.refusal(error, envelope.body, renamed)
        except Exception as error:
            return refusals.refusal(log_failure(request_id, error), {}, {})

    def _authenticate(self, headers: Mapping[str, Any]) -> Result:
        """Only a success changes who the client is (contract, 4)."""
        plugin = self._kernel.identity
        if plugin.open:
            return refusals.AUTHENTICATED
        try:
            self._identity = plugin.identify({"x-auth-token": headers["X-Auth-Token"]})
        except ApiError as error:
            return refusals.not_authenticated_by(error)
        return refusals.AUTHENTICATED

    @property
    def _is_authenticated(self) -> bool:
        lifetime = self.lifetime
        return self._identity is not None and (lifetime is None or lifetime > 0)

    def _identify(self, action: Action, envelope: Envelope) -> Identity | None:
        """Who asks; None if that is not known, or not who the request says."""
        headers = envelope.headers
        if self._is_authenticated:
            identity = self._identity
            own = None if identity is None else identity.project
            return identity if headers.get("X-Project-ID", own) == own else None
        if credentials.is_presented(headers):
            services = self._kernel.services
            return credentials.identify(
                action, headers, envelope.body, services.signer, services.clock.now()
            )
        project = headers.get("X-Project-ID", "")
        return Identity(project=project) if self._kernel.identity.open else None

    def _perform(
        self,
        action: Action,
        envelope: Envelope,
        identity: Identity,
        request_id: str,
        encoding: Encoding,
    ) -> Result:
        binding, body = action.socket, envelope.body
        assert binding is not None
        headers = {
            "Client-ID": envelope.headers.get("Client-ID", ""),
            "X-Project-Id": identity.project or "",
        }
        context = self._dispatcher.introduce(request_id, identity, headers, self._address)
        self._dispatcher.authorise(action, context)
        path = {name: body[name] for name in _names_in(action.http.path)}
        if binding.needs_caller:
            self._dispatcher.check_names(
                action, headers, path, any_client_id=not binding.checks_client_id
            )
        result = self._dispatcher.act(action, context, path, SocketArguments(body, binding))
        shown = RENDERERS[action.name](result, View(body, encoding.stored))
        if action.name == _SUBSCRIBE and shown.status == _CREATED and not body.get("subscriber"):
            id_ = shown.body["subscription_id"]
            self.subscriptions[id_] = OwnSubscription(context, body["queue_name"], id_)
            self.push_encoding = encoding
        return shown


@cache
def _names_in(template: str) -> tuple[str, ...]:
    """The parameters of a route."""
    return tuple(name for _, name, _, _ in Formatter().parse(template) if name)


def _log(error: ApiError, action: str, request_id: str) -> None:
    event(
        LOG,
        logging.WARNING if error.status >= 500 else logging.DEBUG,
        "request refused",
        code=error.code,
        action=action,
        reason=error.description,
        request_id=request_id,
    )
