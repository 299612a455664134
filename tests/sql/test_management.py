"""The management store: what is decided in one step stays right when several do it at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from angarium.errors import (
    PoolAlreadyExists,
    PoolDoesNotExist,
    PoolHasQueues,
    PoolInUseByFlavor,
)
from angarium.storage.models import (
    Kind,
    PoolRecord,
    QueueChange,
    QueueRecord,
    QueueState,
    Scope,
)
from angarium.storage.signals import RecordChanged
from angarium_sql.control import SqlControlDriver
from tests.sql.drivers import Drivers

EAST = PoolRecord("east", "sqlite:///east.db", 10)
WEST = PoolRecord("west", "sqlite:///west.db", 10)
ROUNDS = 30


@pytest.fixture
def control(drivers: Drivers, url: str) -> SqlControlDriver:
    """A management store with nothing in it."""
    opened = drivers.control(url)
    opened.upgrade()
    return opened


def published(control: SqlControlDriver, name: str, pool: str = "") -> QueueRecord:
    record, _ = control.create_queue(Scope("p", name), {}, pool)
    control.publish(record.ref)
    return replace(record, state=QueueState.PUBLISHED)


def begin_move(control: SqlControlDriver, record: QueueRecord, target: str) -> QueueRecord:
    noted = QueueChange(QueueState.PUBLISHED, target=target, raises_epoch=False)
    return control.change_queue(record, noted)


def test_queue_moves_from_one_pool_to_another(control: SqlControlDriver, drivers: Drivers) -> None:
    control.put_pool(EAST)
    control.put_pool(WEST)
    record = published(control, "orders", "east")
    noted = begin_move(control, record, "west")
    assert noted == replace(record, target="west")
    assert control.get_queue(record.scope) == noted
    with pytest.raises(RecordChanged):
        begin_move(control, record, "east")
    change = QueueChange(QueueState.MOVING, target="west", lease=60)
    moving = control.change_queue(noted, change)
    assert control.get_queue(record.scope) == moving
    control.publish(moving.ref)
    with pytest.raises(RecordChanged):
        control.update_queue(record.scope, {"a": 1}, moving.epoch)
    with pytest.raises(RecordChanged):
        control.change_queue(noted, change)
    back = QueueChange(QueueState.PENDING, after_lease=True)
    with pytest.raises(RecordChanged):
        control.change_queue(moving, back)
    assert control.get_queue(record.scope) == moving
    landed = QueueChange(QueueState.PENDING, pool="west", source="east", metadata={"b": 2})
    pending = control.change_queue(moving, landed)
    assert (pending.pool, pending.target, pending.source) == ("west", None, "east")
    assert pending.metadata == {"b": 2}
    assert record.epoch < moving.epoch < pending.epoch
    with pytest.raises(PoolHasQueues):
        control.delete_pool("east")
    control.publish(pending.ref)
    control.delete_pool("east")
    expected = replace(pending, state=QueueState.PUBLISHED, source=None)
    assert control.get_queue(record.scope) == expected


def test_lease_that_is_over_lets_the_record_go(control: SqlControlDriver, drivers: Drivers) -> None:
    control.put_pool(EAST)
    record = published(control, "orders")
    moving = control.change_queue(
        begin_move(control, record, "east"),
        QueueChange(QueueState.MOVING, target="east", lease=60),
    )
    drivers.clock.offset += 60
    back = control.change_queue(moving, QueueChange(QueueState.PENDING, after_lease=True))
    assert (back.pool, back.target, back.state) == ("", None, QueueState.PENDING)
    control.publish(back.ref)
    control.delete_pool("east")


@pytest.mark.parametrize("part", ["pool", "target", "source"])
def test_no_record_is_made_to_name_a_pool_that_is_not_there(
    control: SqlControlDriver, part: str
) -> None:
    record = published(control, "orders")
    with pytest.raises(RecordChanged):
        control.change_queue(record, QueueChange(QueueState.PENDING, **{part: "nowhere"}))
    with pytest.raises(RecordChanged):
        control.create_queue(Scope("p", "bills"), {}, "nowhere")
    assert control.get_queue(record.scope) == record
    assert control.get_queue(Scope("p", "bills")) is None


def test_pool_and_queue_that_meet_never_leave_a_record_without_pool(
    drivers: Drivers, url: str
) -> None:
    """One deletes the pool while others create queues in it, move one to it and put it back."""
    setup = drivers.control(url)
    setup.upgrade()
    controls = [drivers.control(url) for _ in range(4)]
    barrier = threading.Barrier(len(controls))

    def delete(control: SqlControlDriver, number: int) -> None:
        control.delete_pool("east")

    def create(control: SqlControlDriver, number: int) -> None:
        control.create_queue(Scope("p", f"new-{number}"), {}, "east")

    def move(control: SqlControlDriver, number: int) -> None:
        begin_move(control, records[number], "east")

    def tag(control: SqlControlDriver, number: int) -> None:
        control.put_flavor("p", "fast", ["east"])

    def attempt(index: int, number: int) -> str:
        barrier.wait()
        try:
            (delete, create, move, tag)[index](controls[index], number)
        except (RecordChanged, PoolHasQueues, PoolInUseByFlavor, PoolDoesNotExist) as error:
            return type(error).__name__
        return "done"

    records = [published(setup, f"old-{number}") for number in range(ROUNDS)]
    with ThreadPoolExecutor(len(controls)) as threads:
        for number in range(ROUNDS):
            setup.put_pool(EAST)
            outcomes = list(threads.map(attempt, range(len(controls)), [number] * len(controls)))
            created = setup.get_queue(Scope("p", f"new-{number}"))
            moved = setup.get_queue(records[number].scope)
            assert moved is not None
            named = [it for it in (created, moved) if it is not None and "east" in names_of(it)]
            is_there = setup.get_pool("east") is not None
            assert is_there or not named, outcomes
            assert is_there == (outcomes[0] != "done"), outcomes
            for record in named:
                deleted = setup.delete_queue(record.scope)
                assert deleted is not None
                setup.publish(deleted.ref)
            setup.delete_flavor("p", "fast")


def names_of(record: QueueRecord) -> set[str | None]:
    return {record.pool, record.target, record.source}


def test_uri_is_used_by_one_of_the_pools_that_want_it_at_once(drivers: Drivers, url: str) -> None:
    setup = drivers.control(url)
    setup.upgrade()
    controls = [drivers.control(url) for _ in range(4)]

    def put(index: int) -> bool:
        try:
            controls[index].put_pool(replace(EAST, name=f"pool-{index}"))
        except PoolAlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(len(controls)) as threads:
        assert sum(threads.map(put, range(len(controls)))) == 1
    assert len(setup.list_pools(marker="", limit=10)) == 1


SCOPES = [
    Scope(project, name, kind)
    for project in ("", "a", "b\x00", "\U0001f600")
    for kind in Kind
    for name in ("x", "y")
]


def pages_of(control: SqlControlDriver, pool: str) -> list[list[QueueRecord]]:
    """All pages of three records."""
    pages = [control.list_pool_queues(pool, after=None, limit=3)]
    while pages[-1]:
        pages.append(control.list_pool_queues(pool, after=pages[-1][-1].scope, limit=3))
    return pages


def fill(control: SqlControlDriver) -> None:
    control.put_pool(EAST)
    for scope in SCOPES:
        control.create_queue(scope, {}, "east")
        control.create_queue(replace(scope, name="xx"), {}, "")


def test_pages_of_a_pool_hold_each_of_its_queues_once(control: SqlControlDriver) -> None:
    fill(control)
    found = [record.scope for page in pages_of(control, "east") for record in page]
    assert len(found) == len(SCOPES)
    assert set(found) == set(SCOPES)
    others = pages_of(control, "")
    assert {record.scope.name for page in others for record in page} == {"xx"}


def test_pages_of_a_pool_are_read_in_the_order_of_an_index(
    drivers: Drivers, tmp_path: Path
) -> None:
    control = drivers.control(f"sqlite:///{tmp_path}/store.db")
    control.prepare()
    fill(control)
    seen: list[str] = []

    def start(connection: Any, record: object, proxy: object) -> None:
        connection.set_trace_callback(seen.append)

    event.listen(control.database.reads, "checkout", start)
    pages_of(control, "east")
    queries = [statement for statement in seen if statement.startswith("SELECT")]
    assert len(queries) > 2
    with control.database.writes.connect() as connection:
        for query in queries:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
            assert len(plan) == 1, plan
            assert "USING INDEX ix_angarium_queues_pool" in plan[0][3]
