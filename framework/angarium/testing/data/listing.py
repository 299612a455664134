"""Listing: markers, limits and filters (storage-semantics.md 4)."""

from __future__ import annotations

import pytest

from angarium.testing.comparing import plain
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.queues import ALICE, BOB, Queue, names, numbered

ODD_MARKERS = {
    "word": "not-a-marker",
    "blank": " ",
    "sign": "-1",
    "fraction": "1.5",
    "underscore": "1_0",
    "other-digits": "\u0661\u0662",
    "full-width-digits": "\uff11",
    "superscript": "\u00b2",
    "nul": "1\x00",
    "quote": "1' OR '1'='1",
    "emoji": "🐈",
    "hexadecimal": "0x10",
    "exponent": "1e3",
    "long-word": "x" * 10_000,
}


class ListingCases(DataCases):
    """Cases about listing."""

    def test_scenario_07_following_markers(self, queue: Queue) -> None:
        """Page by page, each message once; then nothing."""
        queue.post("A", "B", "C")
        seen, marker = [], None
        for _ in range(4):
            page = queue.page(limit=1, marker=marker)
            seen.append(names(page.messages))
            marker = page.marker or marker
        assert seen == [["A"], ["B"], ["C"], []]

    def test_scenario_08_marker_outlives_its_message(self, queue: Queue) -> None:
        """The next page starts after the position, whether or not the message is there."""
        first, *_ = queue.post("A", "B")
        page = queue.page(limit=1)
        queue.delete(first)
        assert queue.listed(limit=1, marker=page.marker) == ["B"]

    def test_scenario_09_claimed_messages_in_their_place(self, queue: Queue) -> None:
        """Listing with claimed messages shows all, in order, without a marker too."""
        queue.post(*"ABCDE")
        queue.claim(2)
        middle = queue.claim(1)
        queue.claim(1)
        middle.release()
        assert queue.listed() == ["C", "E"]
        assert queue.listed(include_claimed=True) == ["A", "B", "C", "D", "E"]

    def test_example_of_the_contract(self, queue: Queue) -> None:
        """The table of storage-semantics.md 4: A B C D E with B claimed, limit 2."""
        _, _, c, *_ = queue.post(*"ABCDE")
        held_a, _ = queue.claim(1), queue.claim(1)
        held_a.release()
        first = queue.page(limit=2)
        assert names(first.messages) == ["A", "C"]
        queue.delete(c)
        second = queue.page(limit=2, marker=first.marker)
        assert names(second.messages) == ["D", "E"]
        assert queue.listed(limit=2, marker=second.marker) == []
        queue.post("F")
        assert queue.listed(limit=2, marker=second.marker) == ["F"]

    def test_page_is_short_only_at_the_end(self, queue: Queue) -> None:
        """Following markers through a long queue gives full pages, then the rest."""
        wanted = numbered(scaled(205, 5005))
        for start in range(0, len(wanted), 100):
            queue.post(*wanted[start : start + 100])
        pages: list[list[str]] = []
        marker = None
        while not pages or pages[-1]:
            page = queue.page(limit=20, marker=marker)
            pages.append(names(page.messages))
            marker = page.marker or marker
        assert [name for page_names in pages for name in page_names] == wanted
        assert {len(page_names) for page_names in pages[:-2]} == {20}
        assert [len(page_names) for page_names in pages[-2:]] == [5, 0]

    @pytest.mark.parametrize("limit", [1, 3])
    def test_filters_apply_before_the_limit(self, queue: Queue, limit: int) -> None:
        """A page is full although many messages before and between are left out."""
        many = scaled(700, 5000)
        for number in range(3):
            queue.post(*numbered(many // 3, "mine"), client=ALICE)
            queue.post(f"hers{number}", client=BOB)
        assert queue.listed(limit=limit, exclude_client=ALICE) == numbered(limit, "hers")

    def test_a_page_of_others_messages_is_complete(self, queue: Queue) -> None:
        """No page of nothing but own messages: the driver says where to go on, or goes on."""
        queue.post(*numbered(scaled(700, 5000)), client=ALICE)
        assert queue.listed(limit=5, exclude_client=ALICE) == []

    def test_claimed_messages_before_the_page_do_not_shorten_it(self, queue: Queue) -> None:
        """The same for claimed messages."""
        many = scaled(700, 5000)
        queue.post(*numbered(many))
        queue.post("A", "B")
        queue.claim(many)
        assert queue.listed(limit=2) == ["A", "B"]

    def test_echo_is_about_the_client_that_posted(self, queue: Queue) -> None:
        """A reader leaves out what it posted itself, and nothing else."""
        queue.post("A", client=ALICE)
        queue.post("B", client=BOB)
        queue.post("C", client=ALICE)
        assert queue.listed(exclude_client=ALICE) == ["B"]
        assert queue.listed(exclude_client=BOB) == ["A", "C"]
        assert queue.listed(exclude_client="somebody-else") == ["A", "B", "C"]

    @pytest.mark.parametrize("marker", ODD_MARKERS.values(), ids=ODD_MARKERS.keys())
    def test_odd_marker_gives_an_empty_page(self, queue: Queue, marker: str) -> None:
        """What no store can have issued is not an error."""
        queue.post("A")
        page = queue.page(marker=marker)
        assert (page.messages, page.complete) == ((), True)

    @pytest.mark.parametrize("extra", ["\n", " ", "\x00", "'", "é"], ids=ascii)
    def test_marker_with_something_added_gives_an_empty_page(
        self, queue: Queue, extra: str
    ) -> None:
        """Only the marker itself is one."""
        queue.post("A", "B")
        marker = queue.page(limit=1).marker
        assert marker is not None
        assert queue.listed(marker=marker) == ["B"]
        assert queue.listed(marker=marker + extra) == []
        assert queue.listed(marker=extra + marker) == []

    @pytest.mark.parametrize("marker", ["9" * 18, "9" * 19, "9" * 40, "9" * 5000], ids=len)
    def test_marker_far_away_gives_an_empty_page(self, queue: Queue, marker: str) -> None:
        """Neither does a large number make the store fail."""
        queue.post("A")
        assert queue.listed(marker=marker) == []

    def test_marker_outlives_a_purge(self, queue: Queue) -> None:
        """New messages sort after every marker that was handed out."""
        queue.post(*"ABC")
        marker = queue.page().marker
        queue.purge()
        assert queue.listed(marker=marker) == []
        queue.post("D")
        assert queue.listed(marker=marker) == ["D"]

    def test_marker_is_there_whenever_a_message_is(self, queue: Queue) -> None:
        """A reader can always go on, whichever filter is set."""
        queue.post("A", client=ALICE)
        queue.post("B", delay=600, client=BOB)
        for how in ({}, {"exclude_client": BOB}, {"include_delayed": True}):
            page = queue.page(**how)
            assert page.messages
            assert page.marker is not None
            assert queue.listed(marker=page.marker, **how) == []

    def test_listing_changes_nothing(self, queue: Queue) -> None:
        """A reader leaves no trace."""
        queue.post("A", "B")
        first = queue.page()
        assert plain(queue.page()) == plain(first)
        assert queue.claim().names == ["A", "B"]
