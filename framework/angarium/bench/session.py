"""A run from its beginning to its end: fill, warm up, measure in turns, clear away."""

from __future__ import annotations

import itertools
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from angarium.bench import workloads
from angarium.bench.cases import POST, WORKLOADS, Case, Fill, Sizes, Spot, chosen
from angarium.bench.crew import Crew
from angarium.bench.engine import Client, Load, Measurement
from angarium.bench.servers import Started
from angarium.bench.wire import Address, Requests

API: Final = "api"
CONSTANT: Final = "constant"
FLOOR: Final = "floor"

_WARM_UP: Final = 0.5  # seconds at most
_MOST_ERRORS: Final = 100  # of a fill, after which it is given up


@dataclass(frozen=True)
class Target:
    """A server to measure.

    :ivar kind: :data:`API`, :data:`CONSTANT` or :data:`FLOOR`.
    :ivar process: the server, if the benchmark started it.
    :ivar is_disposable: whether what is stored there goes when the server does.
    """

    name: str
    address: Address
    headers: Mapping[str, str]
    kind: str = API
    process: Started | None = None
    is_disposable: bool = False


@dataclass(frozen=True)
class Settings:
    """How to measure."""

    rounds: int
    seconds: float
    connections: int
    processes: int
    sizes: Sizes


@dataclass(frozen=True, eq=False)
class Row:
    """One kind of measurement at one server.

    :ivar prefix: begins the names of all queues that it uses.
    """

    target: Target
    case: Case
    prefix: str

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.case.name} at {self.target.name}"


@dataclass(frozen=True)
class Filled:
    """Something that was made before the rounds.

    :ivar count: how many units, in so many ``seconds``.
    """

    row: Row
    unit: str
    count: int
    seconds: float


@dataclass
class Results:
    """What a run has shown so far."""

    rounds: dict[Row, list[Measurement]] = field(default_factory=dict)
    fills: list[Filled] = field(default_factory=list)
    errors: dict[Row, Counter[str]] = field(default_factory=dict)


class Monitor(Protocol):
    """Shows somebody how far a run is."""

    def task(
        self, title: str, total: int, unit: str
    ) -> AbstractContextManager[Callable[[int], None]]:
        """Something that takes a while; what is returned is told how much of it is done."""

    def say(self, text: str) -> None:
        """One line about what was done."""


class Session:
    """One run.

    :param targets: the constant and the floor, if there are any, among them.
    :param chosen_cases: measured at each API; the others get only what is needed to compare.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        chosen_cases: Sequence[Case],
        settings: Settings,
        crew: Crew,
        monitor: Monitor,
    ) -> None:
        self._settings = settings
        self._crew = crew
        self._monitor = monitor
        self._run = uuid.uuid4().hex[:8]
        self.rows = [
            Row(target, case, f"bench-{self._run}-{case.name}")
            for case in _in_order(chosen_cases, settings.sizes)
            for target in targets
            if _is_measured(case, target, chosen_cases)
        ]
        self.results = Results(
            rounds={row: [] for row in self.rows}, errors={row: Counter() for row in self.rows}
        )

    def run(self) -> Results:
        """Everything but clearing away.

        :raises ServerDied: one of the servers that were started did.
        """
        for row in self.rows:
            for fill in row.case.fills:
                self._fill(row, fill)
        for row in self.rows:
            self._measure(row, 0, min(_WARM_UP, self._settings.seconds))
        total = self._settings.rounds * len(self.rows)
        with self._monitor.task("measuring", total, "measurements") as done:
            for number in range(self._settings.rounds):
                turn = number % len(self.rows)
                for place, row in enumerate(self.rows[turn:] + self.rows[:turn]):
                    measured = self._measure(row, number + 1, self._settings.seconds)
                    self.results.rounds[row].append(measured)
                    done(number * len(self.rows) + place + 1)
                self._tell(number)
        return self.results

    def _tell(self, number: int) -> None:
        rates = [
            f"{row.name} {measured[-1].rate * row.case.size:,.0f}"
            for row, measured in self.results.rounds.items()
        ]
        self._monitor.say(f"round {number + 1} of {self._settings.rounds}: {', '.join(rates)}")

    def _measure(self, row: Row, number: int, seconds: float) -> Measurement:
        measured = measure(
            self._crew, row.target, row.case, self._settings, row.prefix, number, seconds
        )
        self._note(row, measured)
        return measured

    def _note(self, row: Row, measured: Measurement) -> None:
        self.results.errors[row].update(measured.errors)
        if row.target.process is not None:
            row.target.process.check()

    def _fill(self, row: Row, fill: Fill) -> None:
        pieces = iter(range(fill.pieces))

        def make(requests: Requests) -> Client:
            return fill.client(requests, row.prefix, pieces)

        title = f"filling {row.name}"
        made, seconds = self._work(row, title, make, fill.pieces * fill.size, fill.unit, fill.size)
        self.results.fills.append(Filled(row, fill.unit, made, seconds))

    def _work(
        self,
        row: Row,
        title: str,
        make: Callable[[Requests], Client],
        total: int,
        unit: str,
        size: int = 1,
    ) -> tuple[int, float]:
        """Do something that has an end on all connections; how much was done in what time."""
        begin = time.monotonic()
        with self._monitor.task(title, total, unit) as done:
            makers = [_patient(row, make) for _ in range(self._settings.connections)]
            measured = Load(row.target.address, makers).run(watch=lambda count: done(count * size))
        self._note(row, measured)
        count, seconds = len(measured.latencies) * size, time.monotonic() - begin
        self._monitor.say(
            f"{title}: {count:,} {unit} in {seconds:.1f} s ({count / seconds:,.0f}/s)"
        )
        return count, seconds

    def clear(self) -> None:
        """Delete the queues of this run wherever they would stay."""
        for row in self.rows:
            if row.target.is_disposable or row.target.kind == CONSTANT:
                continue
            names = list(row.case.queues(row.prefix, self._settings.rounds))
            left = iter(names)
            make = partial(workloads.removal, queues=left)
            self._work(row, f"removing what {row.name} made", make, len(names), "queues")


def _patient(row: Row, make: Callable[[Requests], Client]) -> Callable[[], Client]:
    """Makes a client anew after each error, but not for ever."""
    requests = Requests(row.target.address, row.target.headers)
    tries = itertools.count()

    def again() -> Client:
        return make(requests) if next(tries) < _MOST_ERRORS else _nothing()

    return again


def _nothing() -> Client:
    yield from ()


def _in_order(wanted: Sequence[Case], sizes: Sizes) -> Iterator[Case]:
    """What is wanted, behind what it is compared with."""
    known = chosen(WORKLOADS, sizes)
    names = {case.name for case in wanted}
    references = dict.fromkeys([POST, *(case.reference for case in wanted)])
    yield from (known[name] for name in references if name not in names)
    yield from wanted


def _is_measured(case: Case, target: Target, wanted: Sequence[Case]) -> bool:
    if target.kind == API:
        return case in wanted
    if target.kind == CONSTANT:
        return case.name == POST
    return case.name == case.reference


def measure(
    helpers: Crew,
    target: Target,
    case: Case,
    settings: Settings,
    prefix: str,
    number: int,
    seconds: float,
) -> Measurement:
    """One measurement, the connections divided among the processes."""
    connections = settings.connections
    jobs = []
    for process in range(helpers.size):
        mine = range(process, connections, helpers.size)
        spots = [Spot(prefix, number, connection, connections) for connection in mine]
        jobs.append(
            partial(
                _work, target.address, target.headers, case.name, settings.sizes, spots, seconds
            )
        )
    return helpers.run(jobs)


def _work(
    address: Address,
    headers: Mapping[str, str],
    name: str,
    sizes: Sizes,
    spots: Sequence[Spot],
    seconds: float,
) -> Measurement:
    """The part of one process; the case goes there by its name."""
    case = chosen(WORKLOADS, sizes)[name]
    makers = [partial(case.client, Requests(address, headers), spot) for spot in spots]
    return Load(address, makers).run(seconds)
