"""What seals a queue on a database whose operations are not one indivisible step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, TypeVar

import pytest

from angarium.ids import new_claim_id
from angarium.storage import operations as op
from angarium.storage.models import QueueRef
from angarium.storage.signals import StalePlan
from angarium.testing.effort import PATIENCE
from angarium_sql.core.backend import CoreBackend
from angarium_sql.data import SqlDataDriver
from angarium_sql.database import Database
from angarium_sql.postgresql.backend import PostgresqlBackend
from angarium_sql.session import Session
from tests.sql.drivers import Drivers, claim, new_queue, post

ResultT = TypeVar("ResultT")

CHANGES: dict[str, Callable[[str, str], op.DataOperation[Any]]] = {
    "delete": lambda held, claim_id: op.DeleteMessage(held, claim_id),
    "delete_several": lambda held, claim_id: op.DeleteMessages((held,), (claim_id,)),
    "pop": lambda held, claim_id: op.PopMessages(1),
    "claim": lambda held, claim_id: op.CreateClaim(new_claim_id(), 300, 60, 1),
    "renew": lambda held, claim_id: op.RenewClaim(claim_id, 500, 60),
    "release": lambda held, claim_id: op.ReleaseClaim(claim_id),
}


class Within(Database):
    """A database as a backend sees it whose operations are parts of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session_of_all = session

    def change(self, work: Callable[[Session], ResultT]) -> ResultT:
        return work(self._session_of_all)

    def call(
        self, work: Callable[[Session], ResultT], *, changes: bool, repeatable: bool
    ) -> ResultT:
        return work(self._session_of_all)


class Uncommitted:
    """A change that was carried out in a transaction which is still open."""

    def __init__(self, drivers: Drivers, url: str) -> None:
        self._database = drivers.control(url).database
        self._clock = drivers.clock
        self._is_done, self._may_commit = Event(), Event()
        self._pool = ThreadPoolExecutor(1)

    def carry_out(self, queue: QueueRef, operation: op.DataOperation[Any]) -> None:
        """Return as soon as all is done but the commit."""
        kind = PostgresqlBackend if self._database.dialect == "postgresql" else CoreBackend

        def work(session: Session) -> None:
            kind(Within(session), self._clock).perform(queue, operation)
            self._is_done.set()
            self._may_commit.wait(PATIENCE)

        self._result = self._pool.submit(self._database.change, work)
        assert self._is_done.wait(PATIENCE)

    def commit(self) -> None:
        self._may_commit.set()
        self._result.result(PATIENCE)

    def close(self) -> None:
        self._may_commit.set()
        self._pool.shutdown()


@pytest.fixture
def driver(drivers: Drivers, server_url: str) -> SqlDataDriver:
    opened = drivers.data(server_url)
    opened.upgrade()
    return opened


@pytest.fixture
def uncommitted(drivers: Drivers, server_url: str, driver: SqlDataDriver) -> Iterator[Uncommitted]:
    made = Uncommitted(drivers, server_url)
    yield made
    made.close()


def state(driver: SqlDataDriver, queue: QueueRef) -> object:
    claims = driver.export_claims(queue, op.ExportClaims(None, 10)).claims
    messages = driver.export_messages(queue, op.ExportMessages(0, 10)).messages
    return (
        [(it.id, it.ttl, it.positions) for it in claims],
        [(it.id, it.claim_id) for it in messages],
    )


@pytest.mark.parametrize("change", CHANGES)
def test_seal_waits_for_changes_that_are_not_committed(
    driver: SqlDataDriver, uncommitted: Uncommitted, change: str
) -> None:
    """Those who post, who raise the epoch and who seal other queues do not."""
    queue = new_queue(driver)
    post(driver, queue, 2)
    claim_id, claimed = claim(driver, queue, 1)
    operation = CHANGES[change](claimed[0].id, claim_id)
    uncommitted.carry_out(queue, operation)
    post(driver, queue, 1)
    raised = QueueRef(queue.scope, queue.epoch + 1000)
    driver.register(raised)
    driver.seal(new_queue(driver))
    before = state(driver, raised)
    with ThreadPoolExecutor(1) as pool:
        sealed = pool.submit(driver.seal, raised)
        with pytest.raises(TimeoutError):
            sealed.result(0.1)
        assert state(driver, raised) == before
        uncommitted.commit()
        sealed.result(PATIENCE)
    after = state(driver, raised)
    assert after != before
    with pytest.raises(StalePlan):
        operation.perform(driver, queue)
    assert state(driver, raised) == after
