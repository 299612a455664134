"""Posts of several threads to one queue of PostgreSQL share a statement, and nothing else."""

import threading
import time
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Connection, create_engine, text

from angarium.errors import OutcomeUnknown, StoreUnreachable
from angarium.ids import new_message_id
from angarium.storage import operations as op
from angarium.storage.models import NewMessage, QueueRef
from angarium.storage.signals import StalePlan
from angarium_sql.data import SqlDataDriver
from angarium_sql.groups import Group, Outcome
from tests.sql.drivers import Drivers, announce, listed, new_queue


@pytest.fixture
def driver(drivers: Drivers, postgresql_url: str) -> SqlDataDriver:
    driver = drivers.data(postgresql_url)
    driver.upgrade()
    return driver


def outcomes_of(driver: SqlDataDriver, posts: Sequence[Callable[[], object]]) -> list[object]:
    """What the posts come to that were all wanted while the queues were locked."""
    outcomes: list[object] = [None] * len(posts)

    def carry_out(number: int, post: Callable[[], object]) -> None:
        try:
            outcomes[number] = post()
        except Exception as error:
            outcomes[number] = type(error)

    threads = [threading.Thread(target=carry_out, args=pair) for pair in enumerate(posts)]
    with create_engine(driver.database.url).begin() as holder:
        holder.execute(text("SELECT FROM angarium_pool_queues FOR UPDATE"))
        for thread in threads:
            thread.start()
        time.sleep(0.3)  # until they all wait; were one late, it would make a commit of its own
    for thread in threads:
        thread.join(timeout=20)
    return outcomes


def posting(
    driver: SqlDataDriver, queue: QueueRef, ttl: int = 60, size: int = 2
) -> Callable[[], None]:
    batch = tuple(NewMessage(new_message_id(), b"1", ttl) for _ in range(size))
    return lambda: driver.post_messages(queue, op.PostMessages(batch, "client"))


def commits(driver: SqlDataDriver) -> int:
    def count(connection: Connection) -> int:
        counting = text("SELECT count(DISTINCT xmin::text) FROM angarium_messages")
        return int(connection.execute(counting).scalar_one())

    return driver.database.migrate(count)


def test_posts_that_wait_for_one_queue_are_committed_together(driver: SqlDataDriver) -> None:
    queue = new_queue(driver)
    assert outcomes_of(driver, [posting(driver, queue) for _ in range(9)]) == [None] * 9
    assert len(listed(driver, queue)) == 18
    assert commits(driver) <= 4


def test_posts_to_different_queues_do_not_wait_for_each_other(driver: SqlDataDriver) -> None:
    queues = [new_queue(driver) for _ in range(4)]
    assert outcomes_of(driver, [posting(driver, queue) for queue in queues]) == [None] * 4
    assert commits(driver) == 4


def test_stale_plan_is_refused_alone(driver: SqlDataDriver) -> None:
    queue = new_queue(driver)
    stale = QueueRef(queue.scope, queue.epoch + 1)
    posts = [posting(driver, it) for it in (queue, stale, queue, stale, queue)]
    assert outcomes_of(driver, posts) == [None, StalePlan, None, StalePlan, None]
    assert len(listed(driver, queue)) == 6


def test_post_that_fails_does_not_fail_the_others(driver: SqlDataDriver) -> None:
    queue = new_queue(driver)
    posts = [posting(driver, queue, ttl) for ttl in (60, 2**40, 60, 60)]
    assert outcomes_of(driver, posts) == [None, StoreUnreachable, None, None]
    assert len(listed(driver, queue)) == 6


def test_each_post_has_its_own_notice(driver: SqlDataDriver) -> None:
    """Stored with those of others, or with none; a stale plan leaves none."""
    queue = new_queue(driver)
    stale = QueueRef(queue.scope, queue.epoch + 1)
    posts = [lambda it=it: announce(driver, it, 2) for it in (queue, queue, stale, queue)]
    outcomes = outcomes_of(driver, [*posts, posting(driver, queue)])
    assert outcomes[2] is StalePlan
    notices = driver.lease_notices("owner", 60, 10)
    assert {it.id for it in notices} == {outcomes[number] for number in (0, 1, 3)}
    assert len(listed(driver, queue)) == 8
    positions = [it.position for it in notices]
    assert positions == sorted(set(positions))


class Stopped(BaseException):
    """A thread that is stopped in the middle of what it does."""


def test_others_are_told_when_the_thread_that_works_for_them_is_stopped() -> None:
    """Whether their wishes were carried out nobody knows."""
    is_held = threading.Event()
    seen: list[int] = []

    def carry_out(wishes: object) -> list[Outcome]:
        assert isinstance(wishes, list)
        seen.append(len(wishes))
        is_held.wait(timeout=20)
        if len(wishes) > 1:
            raise Stopped
        return [(wish, None) for wish in wishes]

    group: Group[int] = Group(carry_out, patience=20)
    outcomes: list[object] = []

    def want(wish: int) -> None:
        try:
            outcomes.append(group.want(wish))
        except BaseException as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=want, args=(number,)) for number in range(4)]
    threads[0].start()
    while not seen:
        time.sleep(0.01)
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.2)
    is_held.set()
    for thread in threads:
        thread.join(timeout=20)
    assert outcomes.count(0) == 1
    assert outcomes.count(Stopped) == 1
    assert outcomes.count(OutcomeUnknown) == 2
    assert group.want(7) == 7
