"""Any driver beside the model: random operations and moves of time, the same answers.

Time moves in units of a thousand seconds. Messages end in the middle of a unit, claims and delays
before and after that, so the real seconds that a run takes never decide anything, nor does it
matter whether the two clocks tick together.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from oslo_config import cfg

from angarium import ids
from angarium.errors import ApiError, ClaimDoesNotExist, ClaimDoesNotMatch, MessageNotClaimed
from angarium.model import ModelDataDriver
from angarium.storage import operations as op
from angarium.storage.driver import DataDriver, StoreEnvironment
from angarium.storage.models import (
    Claim,
    DeadLetter,
    NewMessage,
    QueueRef,
    Scope,
)
from angarium.testing.comparing import UNIT, plain
from angarium.testing.effort import IS_FULL, scaled
from angarium.testing.queues import ALICE, BOB, Queue, at_epoch, new_project, within_reach

units = st.integers(0, 4)
message_ttls = units.map(lambda count: count * UNIT + UNIT // 2)
claim_ttls = units.map(lambda count: count * UNIT + UNIT // 4)
delays = st.one_of(st.just(0), units.map(lambda count: count * UNIT + UNIT * 3 // 4))
limits = st.integers(1, 6)
queue_numbers = st.sampled_from(range(2))
picks = st.integers(0, 10**6)
"""Picks one of what there is, modulo how many."""

bodies = st.one_of(st.binary(min_size=1, max_size=20), st.just(b'"plain"'))
contents = st.lists(st.tuples(bodies, message_ttls, delays), min_size=1, max_size=4)
clients = st.sampled_from([ALICE, BOB])


def machine_settings(examples: int = 20) -> settings:
    """A few seconds' worth of examples, unless the user chose a profile of hypothesis.

    Making a failing example short takes minutes on a real store, so that is left to full runs.

    :param examples: how many there are by default.
    """
    patient = settings(
        settings.default,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    if settings.get_current_profile_name() in ("default", "ci"):
        phases = [phase for phase in Phase if IS_FULL or phase is not Phase.shrink]
        return settings(
            patient, max_examples=scaled(examples, 100), stateful_step_count=30, phases=phases
        )
    return patient


@dataclass
class Pair:
    """A queue of the driver and its twin in the model.

    :ivar markers: what both handed out for the same page.
    :ivar known: the ids of all messages that have ever been here.
    """

    actual: Queue
    model: Queue
    markers: list[tuple[str | None, str | None]] = field(default_factory=lambda: [(None, None)])
    known: set[str] = field(default_factory=set)

    def raise_epoch(self, steps: int) -> None:
        """Plan on a higher epoch from now on."""
        self.actual = at_epoch(self.actual, self.actual.ref.epoch + steps)
        self.model = at_epoch(self.model, self.model.ref.epoch + steps)


def outcome(queue: Queue, operation: op.DataOperation[Any]) -> Any:
    """The plain result, or the class of the refusal."""
    try:
        return plain(queue.do(operation))
    except ApiError as refusal:
        return type(refusal)


class DriverMachine(RuleBasedStateMachine):
    """Two queues, each of which may be the other's dead-letter queue."""

    def __init__(self, driver: DataDriver) -> None:
        super().__init__()
        self.driver = driver
        project = new_project()
        environment = StoreEnvironment(cfg.ConfigOpts(), driver.clock, uri=project)
        model = ModelDataDriver(environment)
        self.pairs = []
        first = Scope(project, "orders")
        for scope in (first, within_reach(driver, first)):
            ref = QueueRef(scope, 1)
            for one in (driver, model):
                one.register(ref)
            self.pairs.append(Pair(Queue(driver, ref), Queue(model, ref)))
        self.batches: list[tuple[int, op.PostMessages]] = []
        self.messages: list[str] = [ids.new_message_id()]
        self.claims: list[str] = [ids.new_claim_id()]

    def same(self, number: int, operation: op.DataOperation[Any]) -> Any:
        """Do it on both; the outcome, which is the same."""
        pair = self.pairs[number]
        actual, expected = outcome(pair.actual, operation), outcome(pair.model, operation)
        assert actual == expected
        return actual

    def message(self, pick: int) -> str:
        """Some message, here or elsewhere, there or gone."""
        return self.messages[-1 - pick % len(self.messages)]

    def claim_id(self, pick: int) -> str:
        """Some claim, here or elsewhere, alive or over."""
        return self.claims[-1 - pick % len(self.claims)]

    # --- Messages -------------------------------------------------------------------------------

    @rule(number=queue_numbers, content=contents, client=clients)
    def post(self, number: int, content: list[tuple[bytes, int, int]], client: str) -> None:
        """A batch of contents, ttls and delays of all sorts."""
        batch = tuple(
            NewMessage(ids.new_message_id(), body, ttl, delay, checksum=f"sum-{ttl}")
            for body, ttl, delay in content
        )
        operation = op.PostMessages(batch, client)
        self.same(number, operation)
        self.batches.append((number, operation))
        self.messages += [message.id for message in batch]

    @precondition(lambda self: self.batches)
    @rule(pick=picks)
    def repeat_post(self, pick: int) -> None:
        """The same batch again, while the queue still knows a message of it."""
        number, operation = self.batches[-1 - pick % len(self.batches)]
        if self.pairs[number].model.get(*(message.id for message in operation.messages)):
            self.same(number, operation)

    @precondition(lambda self: self.batches)
    @rule(pick=picks, client=clients)
    def copy_to_the_other_queue(self, pick: int, client: str) -> None:
        """The same ids in the other queue, where they have never been."""
        number, operation = self.batches[-1 - pick % len(self.batches)]
        if self.pairs[1 - number].known.isdisjoint(message.id for message in operation.messages):
            self.same(1 - number, replace(operation, client_id=client))

    @rule(
        number=queue_numbers,
        pick=picks,
        limit=limits,
        exclude=st.one_of(st.none(), clients),
        claimed=st.booleans(),
        delayed=st.booleans(),
    )
    def list_messages(
        self, number: int, pick: int, limit: int, exclude: str | None, claimed: bool, delayed: bool
    ) -> None:
        """A page after some marker, whose own marker is used later."""
        pair = self.pairs[number]
        marker, model_marker = pair.markers[-1 - pick % len(pair.markers)]
        how: dict[str, Any] = {
            "limit": limit,
            "exclude_client": exclude,
            "include_claimed": claimed,
            "include_delayed": delayed,
        }
        actual = pair.actual.page(marker=marker, **how)
        expected = pair.model.page(marker=model_marker, **how)
        assert plain(actual) == plain(expected)
        if actual.messages:
            pair.markers.append((actual.marker, expected.marker))

    @rule(number=queue_numbers, chosen=st.lists(picks, min_size=1, max_size=5))
    def get_messages(self, number: int, chosen: list[int]) -> None:
        """Some ids in some order."""
        self.same(number, op.GetMessages(tuple(self.message(pick) for pick in chosen)))

    @rule(number=queue_numbers, pick=picks, claim=st.one_of(st.none(), picks))
    def delete_message(self, number: int, pick: int, claim: int | None) -> None:
        """One message, with or without some claim."""
        operation = op.DeleteMessage(
            self.message(pick), None if claim is None else self.claim_id(claim)
        )
        pair = self.pairs[number]
        free = {message.id for message in pair.model.get(operation.id) if not message.claim_id}
        expected, actual = outcome(pair.model, operation), outcome(pair.actual, operation)
        either = (MessageNotClaimed, ClaimDoesNotExist)
        assert actual == expected or (free and actual in either and expected in either)

    @rule(
        number=queue_numbers,
        chosen=st.lists(picks, min_size=1, max_size=4),
        claims=st.one_of(st.none(), st.lists(picks, max_size=2)),
    )
    def delete_messages(self, number: int, chosen: list[int], claims: list[int] | None) -> None:
        """Several messages, with or without some claims."""
        operation = op.DeleteMessages(
            tuple(self.message(pick) for pick in chosen),
            None if claims is None else tuple(self.claim_id(pick) for pick in claims),
        )
        pair = self.pairs[number]
        expected, actual = outcome(pair.model, operation), outcome(pair.actual, operation)
        either = (MessageNotClaimed, ClaimDoesNotMatch)
        assert actual == expected or (actual in either and expected in either)

    @rule(number=queue_numbers, limit=limits)
    def pop_messages(self, number: int, limit: int) -> None:
        """The oldest ones."""
        self.same(number, op.PopMessages(limit))

    @rule(number=queue_numbers)
    def purge_messages(self, number: int) -> None:
        """All of them."""
        self.same(number, op.PurgeMessages())

    # --- Claims ---------------------------------------------------------------------------------

    @rule(
        number=queue_numbers,
        ttl=claim_ttls,
        grace=claim_ttls,
        limit=limits,
        max_claims=st.integers(0, 3),
        dead_ttl=st.one_of(st.none(), message_ttls),
    )
    def create_claim(
        self, number: int, ttl: int, grace: int, limit: int, max_claims: int, dead_ttl: int | None
    ) -> None:
        """Some claim, with dead letters or without."""
        ref = self.pairs[1 - number].actual.ref
        letter = DeadLetter(max_claims, ref.scope, ref.epoch, dead_ttl) if max_claims else None
        claim_id = ids.new_claim_id()
        self.same(number, op.CreateClaim(claim_id, ttl, grace, limit, letter))
        self.claims.append(claim_id)

    @rule(number=queue_numbers, pick=picks, ttl=claim_ttls, limit=limits)
    def repeat_claim(self, number: int, pick: int, ttl: int, limit: int) -> None:
        """The id of a claim that is alive, with other parameters."""
        claim_id = self.claim_id(pick)
        if outcome(self.pairs[number].model, op.GetClaim(claim_id)).__class__ is Claim:
            self.same(number, op.CreateClaim(claim_id, ttl, UNIT // 4, limit))

    @rule(number=queue_numbers, pick=picks)
    def get_claim(self, number: int, pick: int) -> None:
        """Some claim of this queue or the other."""
        self.same(number, op.GetClaim(self.claim_id(pick)))

    @rule(number=queue_numbers, pick=picks, ttl=claim_ttls, grace=claim_ttls)
    def renew_claim(self, number: int, pick: int, ttl: int, grace: int) -> None:
        """Some claim, alive or not."""
        self.same(number, op.RenewClaim(self.claim_id(pick), ttl, grace))

    @rule(number=queue_numbers, pick=picks)
    def release_claim(self, number: int, pick: int) -> None:
        """Some claim, alive or not."""
        self.same(number, op.ReleaseClaim(self.claim_id(pick)))

    # --- Time, space and epochs -----------------------------------------------------------------

    @rule(count=st.integers(1, 3))
    def advance(self, count: int) -> None:
        """Time goes by."""
        self.driver.clock.offset += count * UNIT

    @rule(limit=st.integers(1, 50))
    def reclaim(self, limit: int) -> None:
        """A bounded step, which is not to be seen."""
        assert 0 <= self.driver.reclaim(limit) <= limit

    @rule(number=queue_numbers)
    def raise_epoch(self, number: int) -> None:
        """The queue is planned anew."""
        pair = self.pairs[number]
        pair.raise_epoch(1)
        for queue in (pair.actual, pair.model):
            queue.driver.register(queue.ref)

    @rule(number=queue_numbers)
    def recreate(self, number: int) -> None:
        """The queue is deleted and created again."""
        pair = self.pairs[number]
        pair.raise_epoch(1)
        for queue in (pair.actual, pair.model):
            queue.driver.unregister(queue.ref)
        pair.raise_epoch(1)
        for queue in (pair.actual, pair.model):
            queue.driver.register(queue.ref)
        # Markers live as long as their queue.
        pair.markers = [(None, None)]

    @invariant()
    def all_is_the_same(self) -> None:
        """After every step both hold the same messages in the same states."""
        for number, pair in enumerate(self.pairs):
            self.same(number, op.GetStats())
            everything = op.ListMessages(1000, include_claimed=True, include_delayed=True)
            messages, _ = self.same(number, everything)
            pair.known.update(message.id for message in messages)
