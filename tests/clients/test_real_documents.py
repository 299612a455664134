"""Every JSON document of botocore goes through python-zaqarclient and comes back equal.

By default some of them, evenly spread, to be quick; ``ANGARIUM_TEST_FULL=1`` takes them all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest

from tests.clients import documents
from tests.clients.zaqar import Zaqar, ids_of

FULL = os.environ.get("ANGARIUM_TEST_FULL") == "1"
SHARDS = 4  # the work is cut into tests of moderate length, for several test processes
WAVE = 20  # messages: the most that one page and one claim may hold

ALL = documents.paths()
LARGEST = sorted(ALL, key=lambda path: (documents.DATA / path).stat().st_size)[-2:]
CHOSEN = ALL if FULL else sorted({*ALL[3::6], *LARGEST})


def in_waves(bodies: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(bodies)
    while wave := list(islice(iterator, WAVE)):
        yield wave


def in_posts(bodies: list[Any]) -> Iterator[list[dict[str, Any]]]:
    """As many messages in one post as its limit allows."""
    post: list[dict[str, Any]] = []
    for body in bodies:
        message = {"body": body, "ttl": documents.TTL}
        if post and documents.size({"messages": [*post, message]}) > documents.POST_LIMIT:
            yield post
            post = []
        post.append(message)
    yield post


def bodies_of(paths: Iterable[Path]) -> Iterator[Any]:
    for path in paths:
        yield from (section.value for section in documents.sections(documents.load(path)))


def assert_equal(messages: list[Any], ids: list[str], bodies: list[Any]) -> None:
    assert [message.id for message in messages] == ids
    for message, body in zip(messages, bodies, strict=True):
        # As text: equality of Python takes 1, 1.0 and True for the same, and checksums of
        # messages count on the order of the members.
        assert json.dumps(message.body) == json.dumps(body)


def test_the_documents_are_the_many_that_botocore_ships() -> None:
    assert len(ALL) > 1500
    assert len({path.parts[0] for path in ALL}) > 350
    assert len(CHOSEN) == len(ALL) if FULL else len(CHOSEN) > len(ALL) // 6
    assert len({path.parts[0] for path in CHOSEN}) > 50
    kinds = {path.name.split(".")[0] for path in CHOSEN}
    assert {"service-2", "paginators-1", "waiters-2", "endpoint-rule-set-1"} <= kinds


def test_sections_leave_nothing_out_and_fit_into_a_post() -> None:
    cut = 0
    for path in CHOSEN:
        document = documents.load(path)
        sections = list(documents.sections(document))
        assert all(documents.size(section.value) <= documents.ROOM for section in sections)
        if len(sections) == 1:
            assert sections[0] == documents.Section((), document)
            continue
        cut += 1
        parts = sorted(chain.from_iterable(map(documents.leaves, sections)), key=repr)
        whole = sorted(documents.leaves(documents.Section((), document)), key=repr)
        assert parts == whole, path
    assert cut >= 2


@pytest.mark.timeout(1800 if FULL else 120)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_documents_are_posted_listed_claimed_and_deleted(zaqar: Zaqar, shard: int) -> None:
    queue = zaqar.created_queue()
    paths = CHOSEN[shard::SHARDS]
    done = 0
    for wave in in_waves(bodies_of(paths)):
        ids = [each for post in in_posts(wave) for each in ids_of(queue.post(post))]
        assert_equal(list(queue.messages(echo=True, limit=WAVE)), ids, wave)
        claimed = list(queue.claim(ttl=3600, grace=60, limit=WAVE))
        assert_equal(claimed, ids, wave)
        for message in claimed:
            message.delete()
        assert queue.stats["messages"]["total"] == 0
        done += len(wave)
    assert done >= len(paths) > 0
