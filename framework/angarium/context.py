"""Who asks for what: the part of a request that is the same over every transport."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PushAddress:
    """Where a connection that can be pushed to gets its notifications (``websocket-v2.md`` 9).

    :ivar uri: at the internal delivery endpoint of the process that holds it.
    :ivar secret: proves to that endpoint that a delivery is ours; shown to nobody.
    """

    uri: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A caller whose headers were checked.

    :ivar project: the verified project, or the claimed one in open mode; "" where none is needed.
    :ivar client_id: the Client-ID, a UUID in canonical form; "" where none is needed.
    :ivar roles: lower-case role names; empty on a signed request.
    :ivar push_address: of the connection that the request came over; None if it cannot be pushed
        to.
    """

    request_id: str
    project: str = ""
    client_id: str = ""
    user_id: str | None = None
    roles: frozenset[str] = frozenset()
    push_address: PushAddress | None = None
