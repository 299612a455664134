"""What is measured: the cases of each workload, with what has to be there before."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from angarium.bench import workloads
from angarium.bench.engine import Client
from angarium.bench.wire import Requests

POST: Final = "post"
"""The case whose request the floor and the constant are measured with."""

_PAGED: Final = 1000  # messages in the queue that is listed


@dataclass(frozen=True, slots=True)
class Spot:
    """The place of one client in a run.

    :ivar prefix: begins the names of all queues of the case in this run.
    :ivar round: 0 for the one that warms up.
    :ivar number: that of the connection, of so many ``connections``.
    """

    prefix: str
    round: int
    number: int
    connections: int


@dataclass(frozen=True, slots=True)
class Fill:
    """Something that is made before the rounds, in pieces.

    :ivar pieces: how many requests it takes, each for ``size`` units.
    :ivar client: makes a client that takes pieces until there are none left.
    """

    unit: str
    pieces: int
    size: int
    client: Callable[[Requests, str, Iterator[int]], Client]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of measurement.

    :ivar unit: what a rate counts per second; a completed step of the client is ``size`` of them.
    :ivar requests: how many requests such a step takes.
    :ivar reference: the case that the floor is measured with for comparison.
    :ivar queues: the names of all queues that it uses in so many rounds.
    """

    name: str
    summary: str
    unit: str
    client: Callable[[Requests, Spot], Client]
    queues: Callable[[str, int], Iterable[str]]
    size: int = 1
    requests: int = 1
    reference: str = POST
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the workloads are that come in several sizes.

    :ivar claims: claims that are held while others are made.
    """

    batches: tuple[int, ...] = (10, 20)
    depths: tuple[int, ...] = (1_000, 10_000)
    queues: tuple[int, ...] = (1, 1_000)
    claims: tuple[int, ...] = (1_000,)


FULL: Final = Sizes(depths=(1_000, 1_000_000), queues=(1, 100_000), claims=(100_000,))


def _of_round(prefix: str, number: int) -> str:
    return f"{prefix}-{number}"


def _every_round(prefix: str, rounds: int) -> Iterable[str]:
    return (_of_round(prefix, number) for number in range(rounds + 1))


def _only(prefix: str, _: int) -> Iterable[str]:
    return (prefix,)


def _post(count: int, requests: Requests, spot: Spot) -> Client:
    return workloads.post(requests, _of_round(spot.prefix, spot.round), count)


def _posting(name: str, count: int) -> Case:
    return Case(
        name,
        f"posts of {count} message{'s' if count > 1 else ''} to one queue",
        "messages",
        partial(_post, count),
        _every_round,
        size=count,
        reference=name,
    )


def _cycle(requests: Requests, spot: Spot) -> Client:
    return workloads.cycle(requests, _of_round(spot.prefix, spot.round))


def _cycle_there(requests: Requests, spot: Spot) -> Client:
    return workloads.cycle(requests, spot.prefix)


def _cycling(name: str, summary: str, fills: tuple[Fill, ...]) -> Case:
    return Case(name, summary, "cycles", _cycle_there, _only, requests=3, fills=fills)


def _messages(count: int) -> Fill:
    """That many messages in the one queue of a case, or a few more."""
    size = min(count, workloads.FILL)

    def client(requests: Requests, prefix: str, pieces: Iterator[int]) -> Client:
        return workloads.posts(requests, (prefix for _ in pieces), size)

    return Fill("messages", -(-count // size), size, client)


def _claims(count: int) -> Case:
    fill = Fill("claims", count, 1, workloads.claims)
    summary = f"post, claim and delete one message while {count:,} claims are held"
    return _cycling(f"claims-{count}", summary, (_messages(count), fill))


def _deep(depth: int) -> Case:
    summary = f"post, claim and delete one message, in a queue with {depth:,} more"
    return _cycling(f"deep-{depth}", summary, (_messages(depth),))


def _paging() -> Case:
    def client(requests: Requests, spot: Spot) -> Client:
        return workloads.paging(requests, spot.prefix)

    summary = f"list {_PAGED:,} messages by marker, 20 a page"
    return Case("paging", summary, "pages", client, _only, fills=(_messages(_PAGED),))


def _queues(count: int) -> Case:
    def names(prefix: str, _: int = 0) -> Iterable[str]:
        return (_of_round(prefix, number) for number in range(count))

    def client(requests: Requests, spot: Spot) -> Client:
        order = random.Random(f"{spot.round}-{spot.number}")  # noqa: S311 - not a secret
        return workloads.posts(requests, _anyone(spot.prefix, count, order), 1)

    def fill(requests: Requests, prefix: str, pieces: Iterator[int]) -> Client:
        return workloads.posts(requests, (_of_round(prefix, piece) for piece in pieces), 1)

    return Case(
        f"queues-{count}",
        f"posts of 1 message, over {count:,} queue{'s' if count > 1 else ''}",
        "messages",
        client,
        names,
        fills=(Fill("queues", count, 1, fill),),
    )


def _anyone(prefix: str, count: int, order: random.Random) -> Iterator[str]:
    while True:
        yield _of_round(prefix, order.randrange(count))


_CYCLE: Final = Case(
    "cycle", "post, claim and delete one message", "cycles", _cycle, _every_round, requests=3
)

WORKLOADS: Final[dict[str, Callable[[Sizes], Sequence[Case]]]] = {
    POST: lambda _: [_posting(POST, 1)],
    "batch": lambda sizes: [_posting(f"batch-{count}", count) for count in sizes.batches],
    "cycle": lambda _: [_CYCLE],
    "paging": lambda _: [_paging()],
    "deep": lambda sizes: [_deep(depth) for depth in sizes.depths],
    "queues": lambda sizes: [_queues(count) for count in sizes.queues],
    "claims": lambda sizes: [_claims(count) for count in sizes.claims],
}
"""The workloads by name."""


def chosen(names: Iterable[str], sizes: Sizes) -> dict[str, Case]:
    """The cases of some workloads by name, in the order of :data:`WORKLOADS`."""
    wanted = set(names)
    cases = [case for name in WORKLOADS if name in wanted for case in WORKLOADS[name](sizes)]
    return {case.name: case for case in cases}
