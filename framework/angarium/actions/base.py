"""What an action is: declared once, with its rule, its handler and its place behind each door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from angarium.clock import Clock
from angarium.context import RequestContext
from angarium.errors import InvalidRequest
from angarium.limits import Limits
from angarium.notifications.confirming import Confirmations
from angarium.notifications.subscribers import Subscribers
from angarium.signatures import Signer
from angarium.storage.driver import ControlDriver, DataDriver
from angarium.storage.models import Kind, Scope
from angarium.storage.pools import Pools
from angarium.storage.store import Store
from angarium.validation import SchemaLibrary

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Services:
    """What the handlers of a running service work with.

    :ivar pools: the message stores.
    :ivar subscribers: the notifiers.
    :ivar confirmations: asks new subscribers whether they want it.
    :ivar checksums: whether posted messages get a checksum.
    :ivar admin_mode: whether the administrative surface exists.
    """

    store: Store
    control: ControlDriver
    pools: Pools
    subscribers: Subscribers
    confirmations: Confirmations
    schemas: SchemaLibrary
    limits: Limits
    signer: Signer
    clock: Clock
    checksums: bool = False
    admin_mode: bool = False

    @property
    def data(self) -> DataDriver:
        """The driver of the configured message store."""
        return self.pools.default


ADMINS: Final = "role:admin"
"""The default check of rules for administrators."""

LONGEST_NAME: Final = 255
"""Characters in the name of a pool or flavor, as in the tag of a pool."""

Handler = Callable[[Services, RequestContext, Parameters], Any]
SizeCheck = Callable[[Services, RequestContext, Parameters, int], None]


@dataclass(frozen=True, slots=True)
class HttpBinding:
    """Where an action stands in the REST API.

    :ivar path: a template, with parameters in braces.
    :ivar needs_query: the query parameter that chooses this action among those of one route.
    """

    method: str
    path: str
    needs_query: str | None = None


@dataclass(frozen=True, slots=True)
class SocketBinding:
    """How an action is asked for over a socket; the rest follows from its schema.

    :ivar renamed: what parameters are called there, by their name in HTTP.
    :ivar left_out: parameters of HTTP that do not exist there.
    :ivar truth_values: parameters that may have any value and count as true or false.
    :ivar measured: the parameter whose size as compact JSON is that of the body, or None.
    :ivar single: the list parameters that are given as their only element there.
    :ivar needs_too: strings that are required there and mean nothing.
    :ivar needs_caller: whether Client-ID and project are required.
    :ivar checks_client_id: whether the form of the Client-ID matters.
    """

    renamed: Mapping[str, str] = field(default_factory=dict, hash=False)
    left_out: frozenset[str] = frozenset()
    truth_values: frozenset[str] = frozenset()
    measured: str | None = None
    single: frozenset[str] = frozenset()
    needs_too: tuple[str, ...] = ()
    needs_caller: bool = True
    checks_client_id: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that clients can ask for, over every transport.

    :ivar name: its name over sockets, and that of its schema documents.
    :ivar resource: the folder of its schemas, and the module that declares it.
    :ivar rule: its policy rule, or None if it has none.
    :ivar summary: one sentence for reference docs and the policy sample.
    :ivar kind: the name space it is about; a handler may serve an action of each.
    :ivar needs_admin_mode: whether it exists only with ``[DEFAULT] admin_mode``.
    :ivar needs_pooling: whether it exists only with ``[DEFAULT] pooling``.
    :ivar default_check: of its rule, where no policy file says otherwise; empty lets all pass.
    :ivar socket: where it stands in the sub-protocol of sockets; None if it does not exist there.
    :ivar check_size: refuses a body (size in bytes) before it is parsed, beyond the schema's limit.
        The handler finds the size among its parameters, as ``body_size``.
    """

    name: str
    resource: str
    rule: str | None
    summary: str
    http: HttpBinding
    handler: Handler
    kind: Kind = Kind.QUEUE
    needs_admin_mode: bool = False
    needs_pooling: bool = False
    default_check: str = ""
    socket: SocketBinding | None = None
    check_size: SizeCheck | None = None


def new_name(parameters: Parameters, field: str) -> str:
    """The name of a pool or flavor that is to be stored.

    No rule binds these names, but every store has to hold them: in keys, so there is an end.

    :param field: the parameter of the route.
    :raises InvalidRequest: it is empty or too long.
    """
    name: str = parameters[field]
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidRequest(f"{field} must have 1 to {LONGEST_NAME} characters.")
    return name


def scope_of(context: RequestContext, parameters: Parameters) -> Scope:
    """The queue or topic that a request is about."""
    topic = parameters.get("topic_name")
    if topic is not None:
        return Scope(context.project, topic, Kind.TOPIC)
    return Scope(context.project, parameters["queue_name"])
