"""Fast and exact: what one server acknowledged counts for the very next request to another.

The second server has a plan of the queue from before each change, and nobody tells it of the
change. First in turns, where every answer is known; then both sides at full speed, where answers
are held to what is certain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from angarium.testing.effort import scaled
from tests import stores
from tests.api.client import Api
from tests.api.helpers import DEFAULTS, claim, messages, ok, post, refused
from tests.api.racing import BARE, CLAIM_TTL, LARGE, Race, Settings, Verdict
from tests.servers import Server


@pytest.fixture(scope="module", params=(*stores.STORES, "mongodb"))
def store(request: pytest.FixtureRequest) -> str:
    """Only stores that two servers share."""
    return str(request.param)


@pytest.fixture
def other(api: Api, second_server: Server) -> Api:
    """The client of ``api`` at the other server."""
    return api.at(second_server)


@dataclass
class Turns:
    """A queue that is changed at one server and used at another, and what must be in it.

    :ivar stored: number, ttl and whether it is delayed, of each message.
    :ivar former: ids of messages and claims of former lives.
    """

    api: Api
    other: Api
    queue: str
    random: Random
    settings: Settings = BARE
    stored: list[tuple[int, int, bool]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    former: list[str] = field(default_factory=list)
    number: int = 0

    # What the first server is asked for

    def set(self, settings: Settings) -> None:
        """Change the metadata, or create the queue with them."""
        answer = self.api.queue_update(self.queue, settings.patch)
        if answer.status == 404:
            ok(self.api.queue_create(self.queue, settings.metadata), 201)
        else:
            ok(answer, 200)
        self.settings = settings

    def delete(self) -> None:
        """Delete the queue."""
        ok(self.api.queue_delete(self.queue), 204)
        self.former, self.ids, self.stored = self.ids, [], []
        self.settings = BARE

    def create_again(self) -> None:
        """Delete the queue and create it: no request meets it in between."""
        self.delete()
        self.set(self.any_settings())

    def change(self) -> None:
        """Change the metadata."""
        self.set(self.any_settings())

    def any_settings(self) -> Settings:
        """Settings whose ttl was not there before."""
        self.number += 1
        sizes, delays = (LARGE - 500, LARGE + 500), (0, 0, 600)
        return Settings(10_000 + self.number, self.random.choice(sizes), self.random.choice(delays))

    # What the second server is asked for

    def post(self) -> None:
        """A message without ttl and delay."""
        self.number += 1
        self.ids += post(self.other, self.queue, [self.number])
        self.stored.append((self.number, self.settings.ttl, self.settings.delay > 0))

    def post_large(self) -> None:
        """A message that is refused where posts are to be smaller."""
        self.number += 1
        answer = self.other.message_post(self.queue, {"body": [self.number, "x" * LARGE]})
        if self.settings.size < LARGE:
            refused(answer, 400, "Invalid API request")
            return
        ok(answer, 201)
        self.stored.append((self.number, self.settings.ttl, self.settings.delay > 0))

    def list(self) -> None:
        """All messages."""
        found = messages(self.other, self.queue)
        shown = [(message["body"][0], message["ttl"]) for message in found]
        assert shown == [(number, ttl) for number, ttl, _ in self.stored][:20]

    def count(self) -> None:
        """The numbers of the queue."""
        stats = ok(self.other.queue_get_stats(self.queue), 200)["messages"]
        assert stats["total"] == len(self.stored)

    def look_back(self) -> None:
        """Messages of the former life, and the metadata of this one."""
        for identifier in self.former[:2]:
            refused(self.other.message_get(self.queue, identifier), 404, "Not found")
            refused(self.other.claim_get(self.queue, identifier), 404, "Not found")
        shown = ok(self.other.queue_get(self.queue), 200)
        assert shown == {**DEFAULTS, **self.settings.metadata}

    def pop(self) -> None:
        """Most of what is available."""
        found = ok(self.other.message_delete_many(self.queue, pop=5), 200)["messages"]
        self._take([message["body"][0] for message in found], 5)

    def claim(self) -> None:
        """Two messages, to delete one and leave the other one to the next life or reader."""
        if all(is_delayed for _, _, is_delayed in self.stored):
            ok(self.other.claim_create(self.queue), 204)
            return
        claim_id, found = claim(self.other, self.queue, limit=2, ttl=CLAIM_TTL)
        read = ok(self.other.claim_get(self.queue, claim_id), 200)["messages"]
        assert [it["id"] for it in read] == [it["id"] for it in found]
        for message in found:
            ok(self.other.message_delete(self.queue, message["id"], claim_id), 204)
        self._take([message["body"][0] for message in found], 2)

    def _take(self, found: list[int], limit: int) -> None:
        available = [number for number, _, is_delayed in self.stored if not is_delayed]
        assert found == available[:limit]
        self.stored = [message for message in self.stored if message[0] not in found]


def rounds(store: str) -> int:
    """How often the queue is changed."""
    return 24 if store in stores.SLOW_STORES else scaled(24, 200)


def test_every_change_counts_for_the_very_next_request(
    api: Api, other: Api, queue: str, store: str
) -> None:
    turns = Turns(api, other, queue, Random(7))
    changes: list[Callable[[], None]] = [turns.change, turns.create_again, turns.delete]
    uses: list[Callable[[], None]] = [
        turns.post,
        turns.post_large,
        turns.list,
        turns.count,
        turns.look_back,
        turns.pop,
        turns.claim,
    ]
    for _ in range(rounds(store)):
        turns.post()
        turns.random.choice(changes)()
        for use in turns.random.sample(uses, 2):
            use()
    turns.list()


def test_a_queue_changed_and_used_at_full_speed(
    api: Api, other: Api, queue: str, store: str
) -> None:
    race = Race(api, other, queue)
    race.run(changes=rounds(store))
    Verdict(race).check()
