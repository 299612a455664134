"""Posting: order, content, all or nothing, once only (storage-semantics.md 3)."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from angarium.storage.models import NewMessage
from angarium.testing.comparing import plain
from angarium.testing.crowd import in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.queues import (
    BOB,
    Queue,
    names,
    new_batch,
    new_message,
    numbered,
    sibling,
)

BODIES = {
    "every-byte": bytes(range(256)),
    "nul": b"\x00",
    "not-utf-8": b"\xff\xfe\x80",
    "quotes": b"'\"`\\%s:name?$1;--",
    "escaped-nul": rb'{"a\u0000b": "\u0000"}',
    "odd-keys": b'{"$set": {"a.b": 1}, "": null, "_id": true, "a": {"b": 2}}',
    "big-numbers": b"[9223372036854775807, -9223372036854775808, 1.7976931348623157e308]",
    "many-scripts": '["кошка", "ネコ", "🐈\u200d⬛", "e\u0301", "\u2028"]'.encode(),
    "deep": b"[" * 2000 + b"]" * 2000,
    "largest-post": b'"' + b"x" * 262_142 + b'"',
    "blanks": b"  1  \n",
}


class PostingCases(DataCases):
    """Cases about posting."""

    def test_batches_keep_their_order_and_are_contiguous(self, queue: Queue) -> None:
        """Messages are listed in the order of the posts, and in the order within each."""
        queue.post("A", "B", "C")
        queue.post("D")
        queue.post("E", "F")
        assert queue.listed() == ["A", "B", "C", "D", "E", "F"]

    def test_large_batch_keeps_its_order(self, queue: Queue) -> None:
        """A batch may be large."""
        wanted = numbered(1000)
        ids = queue.post(*wanted)
        assert queue.everything() == wanted
        assert names(queue.get(*ids)) == wanted

    @pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
    def test_body_comes_back_as_it_was(self, queue: Queue, body: bytes) -> None:
        """A body is opaque bytes: each way to read a message gives all of them."""
        (wanted,) = queue.post_batch([replace(new_message("A"), body=body)])
        assert queue.get_one(wanted).body == body
        assert [it.body for it in queue.page().messages] == [body]
        claimed = queue.claim()
        assert [it.body for it in claimed.messages] == [body]
        assert [it.body for it in claimed.read().messages] == [body]
        claimed.release()
        assert [it.body for it in queue.pop()] == [body]

    def test_message_is_shown_as_it_was_posted(self, queue: Queue) -> None:
        """Id, ttl, checksum and count of a fresh message; its age is nearly 0."""
        plain = NewMessage("0190-plain_ID", b"1", ttl=61)
        checked = NewMessage("F" * 64, b"2", ttl=1_209_600, checksum="MD5:6f5902ac237024bd")
        queue.post_batch([plain, checked])
        first, second = queue.page().messages
        assert (first.id, first.ttl, first.checksum) == (plain.id, 61, None)
        assert (second.id, second.ttl, second.checksum) == ("F" * 64, 1_209_600, checked.checksum)
        for message in (first, second):
            assert (message.claim_id, message.claim_count) == (None, 0)
            assert 0 <= message.age <= 10

    def test_repeated_post_stores_nothing_again(self, queue: Queue) -> None:
        """A post is repeated after a lost connection; the store knows its ids."""
        batch = new_batch("ABC")
        queue.post_batch(batch)
        queue.post("D")
        queue.post_batch(batch)
        assert queue.listed() == ["A", "B", "C", "D"]
        assert queue.counts() == (4, 0, 4)

    def test_repeated_post_does_not_bring_back_what_was_deleted(self, queue: Queue) -> None:
        """One message of the batch that is still there shows that all of it was stored."""
        batch = new_batch("ABC")
        queue.post_batch(batch)
        queue.delete_all([batch[0].id, batch[2].id])
        queue.post_batch(batch)
        assert queue.listed() == ["B"]

    def test_repeated_post_leaves_a_claimed_message_alone(self, queue: Queue) -> None:
        """The state of a known message does not change either."""
        batch = new_batch("A")
        queue.post_batch(batch)
        claimed = queue.claim()
        queue.post_batch([replace(batch[0], body=b'"other"', ttl=7)], BOB)
        assert plain(queue.get(batch[0].id)) == plain(claimed.messages)
        assert queue.everything() == ["A"]

    def test_concurrent_repetitions_of_a_post_store_it_once(self, queue: Queue) -> None:
        """The first attempt may still be running when the second one comes."""
        for number in range(scaled(5, 50)):
            batch = new_batch(numbered(5, f"{number}-"))

            def post(batch: tuple[NewMessage, ...] = batch) -> None:
                queue.post_batch(batch)

            in_threads([post] * 6)
        wanted = [f"{batch}-{index}" for batch in range(scaled(5, 50)) for index in range(5)]
        assert queue.everything() == wanted

    def test_same_id_in_another_queue_is_another_message(self, queue: Queue) -> None:
        """Ids are unique within a scope; a known id elsewhere is not known here."""
        other = sibling(queue, "other")
        message = new_message("A")
        queue.post_batch([message])
        other.post_batch([replace(message, body=b'"B"')])
        assert (queue.listed(), other.listed()) == (["A"], ["B"])
        queue.delete(message.id)
        assert (queue.listed(), other.listed()) == ([], ["B"])

    @pytest.mark.parametrize("place", [0, 5, 9], ids=["first", "middle", "last"])
    def test_scenario_16_post_that_fails_midway_stores_nothing(
        self, queue: Queue, place: int
    ) -> None:
        """A message that no database can take, somewhere in a batch, leaves none of it behind."""
        queue.post("before")
        batch = list(new_batch(numbered(10)))
        batch[place] = replace(batch[place], ttl=2**80)
        with contextlib.suppress(Exception):  # a store in memory may well take it
            queue.post_batch(batch)
        stored = queue.everything()
        assert stored in (["before"], ["before", *numbered(10)])
        assert queue.stats().total == len(stored)
        queue.post("after")
        assert queue.everything() == [*stored, "after"]
