"""How often an operation goes to the database (design, principle 5)."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from angarium.errors import MessageIsClaimed
from angarium.ids import new_claim_id, new_message_id
from angarium.storage import operations as op
from angarium.storage.models import DeadLetter, NewMessage, QueueRef, Scope, StoredClaim
from angarium.storage.signals import DeadLettersLeased
from angarium_sql.data import SqlDataDriver
from tests.sql.drivers import Drivers, announce, claim, listed, new_queue, post
from tests.sql.tracing import sqlite_statements

Operation = Callable[[SqlDataDriver, QueueRef, int], object]


def post_batch(driver: SqlDataDriver, queue: QueueRef, size: int) -> None:
    batch = tuple(NewMessage(new_message_id(), b"1", 60) for _ in range(size))
    driver.post_messages(queue, op.PostMessages(batch, "client"))


def announce_batch(driver: SqlDataDriver, queue: QueueRef, size: int) -> None:
    announce(driver, queue, size)


def claim_and_dead_letter(driver: SqlDataDriver, queue: QueueRef, size: int) -> None:
    dead = QueueRef(queue.scope, queue.epoch)
    rule = DeadLetter(9, dead.scope, dead.epoch)
    driver.create_claim(queue, op.CreateClaim(new_claim_id(), 60, 60, size, rule))


def delete_claimed(driver: SqlDataDriver, queue: QueueRef, size: int) -> None:
    with pytest.raises(MessageIsClaimed):
        driver.delete_message(queue, op.DeleteMessage(STATE["claimed"][0]))


def lease(driver: SqlDataDriver, queue: QueueRef, size: int) -> None:
    rule = DeadLetter(1, Scope("elsewhere", "dead"), 1, None, new_claim_id())
    with pytest.raises(DeadLettersLeased) as leased:
        driver.create_claim(queue, op.CreateClaim(new_claim_id(), 60, 60, size, rule))
    assert len(leased.value.messages) == size


def accept(driver: SqlDataDriver, queue: QueueRef, size: int) -> None:
    anew = tuple(replace(it, id=new_message_id()) for it in STATE["extract"].messages[:size])
    driver.accept_dead_letters(queue, op.AcceptDeadLetters(anew))


def import_states(driver: SqlDataDriver, queue: QueueRef, size: int) -> None:
    extract = STATE["extract"]
    states = tuple(replace(it, body=None) for it in extract.messages[:size])
    upto = states[-1].position
    driver.import_messages(queue, op.ImportMessages(0, upto, states, extract.last_position))


def import_anew(driver: SqlDataDriver, queue: QueueRef, size: int) -> None:
    """Messages that are not there in the place of others that are."""
    anew = tuple(replace(it, id=new_message_id()) for it in STATE["extract"].messages[:size])
    driver.import_messages(queue, op.ImportMessages(0, anew[-1].position, anew, 1000))


def import_claims(driver: SqlDataDriver, queue: QueueRef, size: int) -> None:
    claims = tuple(StoredClaim(new_claim_id(), 60, 5, 55, (1, 2)) for _ in range(size))
    driver.import_claims(queue, op.ImportClaims(claims, replaces=True))


STATE: dict[str, Any] = {}
OPERATIONS: dict[str, Operation] = {
    "post": post_batch,
    "announce": announce_batch,
    "list": lambda it, queue, size: it.list_messages(queue, op.ListMessages(size)),
    "get": lambda it, queue, size: it.get_messages(
        queue, op.GetMessages(tuple(STATE["ids"][:size]))
    ),
    "stats": lambda it, queue, size: it.get_stats(queue, op.GetStats()),
    "claim": claim_and_dead_letter,
    "get_claim": lambda it, queue, size: it.get_claim(queue, op.GetClaim(STATE["claim"])),
    "renew": lambda it, queue, size: it.renew_claim(queue, op.RenewClaim(STATE["claim"], 60, 60)),
    "refused_delete": delete_claimed,
    "release": lambda it, queue, size: it.release_claim(queue, op.ReleaseClaim(STATE["claim"])),
    "delete": lambda it, queue, size: it.delete_message(queue, op.DeleteMessage(STATE["ids"][0])),
    "delete_several": lambda it, queue, size: it.delete_messages(
        queue, op.DeleteMessages(tuple(STATE["ids"][:size]))
    ),
    "pop": lambda it, queue, size: it.pop_messages(queue, op.PopMessages(size)),
    "lease": lease,
    "accept": accept,
    "export": lambda it, queue, size: it.export_messages(queue, op.ExportMessages(0, size)),
    "export_claims": lambda it, queue, size: it.export_claims(queue, op.ExportClaims(None, size)),
    "import_states": import_states,
    "import_anew": import_anew,
    "import_claims": import_claims,
    "purge": lambda it, queue, size: it.purge_messages(queue, op.PurgeMessages()),
}


def set_up(driver: SqlDataDriver, name: str, size: int) -> QueueRef:
    """A queue with a claim of ``size`` messages, and 40 available ones.

    The claim has ended before a lease, which takes what was claimed once.
    """
    queue = new_queue(driver)
    STATE["claimed"] = post(driver, queue, size)
    STATE["claim"], _ = claim(driver, queue, size)
    first = post(driver, queue, 20)
    STATE["extract"] = driver.export_messages(queue, op.ExportMessages(0, 40))
    if name == "lease":
        driver.release_claim(queue, op.ReleaseClaim(STATE["claim"]))
    STATE["ids"] = first + post(driver, queue, 20)
    return queue


@pytest.fixture
def trace() -> Iterator[Path]:
    with tempfile.NamedTemporaryFile() as file:
        yield Path(file.name)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_one_round_trip_to_postgresql(
    drivers: Drivers, postgresql_url: str, trace: Path, name: str
) -> None:
    """Counted by libpq itself: every round trip ends with a query or a synchronisation."""
    driver = drivers.data(postgresql_url, pool_size=1)
    driver.upgrade()
    with trace.open("w") as file:

        @event.listens_for(driver.database.writes, "checkout")
        def start(connection: Any, record: object, proxy: object) -> None:
            connection.pgconn.trace(file.fileno())

        for size in (1, 20):
            queue = set_up(driver, name, size)
            file.truncate(0)
            OPERATIONS[name](driver, queue, size)
            sent = sent_by_client(trace)
            if sent[:2] == ["Parse", "Sync"]:  # prepared, once in the life of a connection
                sent = sent[2:]
            assert sent.count("Sync") + sent.count("Query") == 1, sent
            assert sent.count("Execute") + sent.count("Query") == 1, sent


def sent_by_client(trace: Path) -> list[str]:
    """The kinds of messages: each line has a time, who sent it, a length, a kind and content."""
    lines = [line.split("\t") for line in trace.read_text().replace("\0", "").splitlines()]
    return [fields[3].split()[0] for fields in lines if fields[1] == "F"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_number_of_statements_of_sqlite_is_fixed(
    drivers: Drivers, tmp_path: Path, name: str
) -> None:
    """Whatever the size of the batch; the rows of one insertion count once."""
    driver = drivers.data(f"sqlite:///{tmp_path}/store.db")
    driver.prepare()
    counts = [len(statements_of(driver, name, size)) for size in (1, 2, 20)]
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 11


def statements_of(driver: SqlDataDriver, name: str, size: int) -> list[str]:
    queue = set_up(driver, name, size)
    with sqlite_statements(driver) as seen:
        OPERATIONS[name](driver, queue, size)
    return seen


def test_notice_costs_two_statements_of_sqlite(drivers: Drivers, tmp_path: Path) -> None:
    """And the post that has none costs nothing for it."""
    driver = drivers.data(f"sqlite:///{tmp_path}/store.db")
    driver.prepare()
    without, announced = (statements_of(driver, name, 2) for name in ("post", "announce"))
    further = [it.split()[0] for it in announced if "angarium_notices" in it]
    assert further == ["SELECT", "INSERT"]
    assert not any("angarium_notices" in it for it in without)
    assert len(announced) == len(without) + 2


def test_reading_takes_no_turn_from_writers(drivers: Drivers, tmp_path: Path) -> None:
    """Somebody writes to the SQLite file all the time; reading goes on."""
    driver = drivers.data(f"sqlite:///{tmp_path}/store.db")
    driver.prepare()
    queue = new_queue(driver)
    ids = post(driver, queue, 3)

    def read_meanwhile(session: Any) -> None:
        assert listed(driver, queue) == ids
        assert driver.get_stats(queue, op.GetStats()).total == 3

    driver.database.change(read_meanwhile)
