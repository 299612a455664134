"""Creating, changing and listing subscriptions (storage-semantics.md 12, notifications.md 1)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Final

import pytest

from angarium.errors import SubscriptionAlreadyExists
from angarium.storage.driver import ControlDriver
from angarium.storage.models import Kind, Scope, Subscription
from angarium.storage.signals import RecordChanged
from angarium.testing.control.base import ControlCases
from angarium.testing.control.records import METADATA, same
from angarium.testing.crowd import in_threads
from angarium.testing.data.isolation import LOOK_ALIKES, ODD_PROJECTS, SPLITS
from angarium.testing.effort import scaled
from angarium.testing.queues import new_project, numbered
from angarium.testing.subscribing import (
    SUBSCRIBER,
    as_created,
    change_one,
    expect_subscribers,
    listed,
    new_subscription,
    subscribe,
    subscribers,
)
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs

MARK: Final = "0190-mark"
"""A delivery secret."""

CHANGES: Final[dict[str, dict[str, Any]]] = {
    "subscriber": {"subscriber": "mailto:gardener@example.org"},
    "ttl": {"ttl": 77},
    "options": {"options": {"from": "x"}},
    "no-options": {"options": {}},
    "confirmed": {"confirmed": True},
    "all": {"subscriber": "http://a", "ttl": 1, "options": {"b": [1]}, "confirmed": True},
    "nothing": {},
}

BETWEEN: Final[dict[str, dict[str, Any]]] = {
    "subscriber": {"subscriber": "http://a"},
    "options": {"options": {"b": {}}},
    "a-value": {"options": {"a": [1, 2.5, None, "\u00e9"], "b": {}, "c": 1}},
    "secret": {"drops_secret": True},
}
"""What others do between reading and changing."""

SUBSCRIBERS: Final = [
    "https://a.example.org/",
    "https://A.example.org/",
    "https://a.example.org",
    "https://a.example.org/ ",
    "https://a.example.org/%",
    "https://a.example.org/_",
    "https://a.example.org/\u00e9",
    "https://a.example.org/e\u0301",
    "https://a.example.org/🐈",
    "https://a.example.org/\x00",
    "https://a.example.org/" + "x" * 8000,
    "https://a.example.org/" + "x" * 7999 + "y",
    "mailto:a@example.org?subject='\"\\",
]
"""All different; a target is any text."""


class SubscribingCases(ControlCases):
    """Cases about subscriptions of queues that expect some."""

    # --- Creating -------------------------------------------------------------------------------

    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_subscription_is_as_it_was_created(self, driver: ControlDriver) -> None:
        """Found by id and in the list, with everything it came with, and a fresh age."""
        scope = expect_subscribers(driver)
        plain = new_subscription(scope)
        full = new_subscription(
            scope,
            "mailto:a@example.org",
            ttl=7,
            options={"subject": "plums", "_filter": {"kg": [{"numeric": [">", 3.5]}]}},
            confirmed=True,
            delivery_secret=MARK,
        )
        for new in (plain, full):
            assert driver.create_subscription(new) == (as_created(new), True)
        assert listed(driver, scope) == [as_created(plain), as_created(full)]
        for new in (plain, full):
            assert driver.get_subscription(scope, new.id) == as_created(new)

    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_same_subscriber_has_one_subscription(self, driver: ControlDriver) -> None:
        """Who comes second gets the one that is there, in which nothing changes."""
        scope = expect_subscribers(driver)
        first = subscribe(driver, scope, ttl=100, options={"a": 1})
        again = new_subscription(scope, ttl=900, options={"b": 2}, confirmed=True)
        assert driver.create_subscription(again) == (first, False)
        assert driver.get_subscription(scope, again.id) is None
        assert listed(driver, scope) == [first]

    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_repeated_creation_counts_as_created(self, driver: ControlDriver) -> None:
        """It is repeated after a lost connection, maybe when a client has changed it already."""
        scope = expect_subscribers(driver)
        new = new_subscription(scope)
        for _ in range(3):
            assert driver.create_subscription(new) == (as_created(new), True)
        changed = change_one(driver, as_created(new), subscriber="http://b", confirmed=True)
        assert driver.create_subscription(new) == (changed, True)
        assert listed(driver, scope) == [changed]

    @needs(Trait.SUBSCRIPTIONS)
    def test_one_of_concurrent_creations_wins(self, driver: ControlDriver) -> None:
        """The others get its subscription."""
        for _ in range(scaled(5, 50)):
            scope = expect_subscribers(driver)
            attempts = [new_subscription(scope) for _ in range(8)]
            made = in_threads([partial(driver.create_subscription, it) for it in attempts])
            assert [is_new for _, is_new in made].count(True) == 1
            winner = next(it for it, (_, is_new) in zip(attempts, made, strict=True) if is_new)
            assert {it.id for it, _ in made} == {winner.id}
            assert [it.id for it in listed(driver, scope)] == [winner.id]

    @needs(Trait.SUBSCRIPTIONS)
    def test_concurrent_repetitions_create_one(self, driver: ControlDriver) -> None:
        """The first attempt may still be running when the second one comes."""
        scope = expect_subscribers(driver)
        for number in range(scaled(5, 50)):
            new = new_subscription(scope, f"http://{number}")
            made = in_threads([partial(driver.create_subscription, new)] * 4)
            assert [(it.id, is_new) for it, is_new in made] == [(new.id, True)] * 4
        assert sorted(subscribers(driver, scope)) == sorted(
            f"http://{number}" for number in range(scaled(5, 50))
        )

    @needs(Trait.SUBSCRIPTIONS)
    def test_subscribers_compare_byte_by_byte(self, driver: ControlDriver) -> None:
        """However long or odd they are, they come back as they were."""
        scope = expect_subscribers(driver)
        for subscriber in SUBSCRIBERS:
            subscribe(driver, scope, subscriber)
        assert sorted(subscribers(driver, scope)) == sorted(SUBSCRIBERS)
        for subscriber in SUBSCRIBERS:
            assert not driver.create_subscription(new_subscription(scope, subscriber))[1]

    # --- Options and secret ---------------------------------------------------------------------

    @pytest.mark.parametrize("options", METADATA.values(), ids=METADATA.keys())
    @needs(Trait.SUBSCRIPTIONS)
    def test_options_come_back_as_they_were(
        self, driver: ControlDriver, options: dict[str, Any]
    ) -> None:
        """Any JSON map, created or updated, with the types of its values and the order of keys."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope, options=options)
        other = subscribe(driver, scope, "http://other", options={"other": 1})
        change_one(driver, other, options=options)
        assert same(dict(made.options), options)
        for read in listed(driver, scope):
            assert same(dict(read.options), options)

    @needs(Trait.SUBSCRIPTIONS)
    def test_options_are_a_copy(self, driver: ControlDriver) -> None:
        """What the caller does with its map afterwards does not reach the store."""
        scope = expect_subscribers(driver)
        options: dict[str, Any] = {"a": {"b": 1}}
        made = subscribe(driver, scope, options=options)
        options["a"]["b"] = 2
        change = {"c": [1]}
        other = subscribe(driver, scope, "http://other")
        change_one(driver, other, options=change)
        change["c"].append(2)
        for one, expected in ((made, {"a": {"b": 1}}), (other, {"c": [1]})):
            read = driver.get_subscription(scope, one.id)
            assert read is not None
            assert read.options == expected

    @needs(Trait.SUBSCRIPTIONS)
    def test_secret_is_kept_until_it_is_dropped(self, driver: ControlDriver) -> None:
        """No other change touches it."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope, delivery_secret=MARK)
        for changes in CHANGES.values():
            changed = change_one(driver, made, **{**changes, "ttl": 3600})
            assert changed is not None
            assert changed.delivery_secret == MARK
        dropped = change_one(driver, made, drops_secret=True)
        assert dropped is not None
        assert dropped.delivery_secret is None
        assert [it.delivery_secret for it in listed(driver, scope)] == [None]

    # --- Changing -------------------------------------------------------------------------------

    @pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_change_of_some_fields_keeps_the_others(
        self, driver: ControlDriver, changes: dict[str, Any]
    ) -> None:
        """Options are replaced as a whole, and a neighbour stays what it is."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope, options={"a": 1, "b": 2})
        neighbour = subscribe(driver, scope, "http://neighbour")
        expected = replace(made, **changes)
        expected = replace(expected, remaining=expected.ttl)
        assert change_one(driver, made, **changes) == expected
        assert listed(driver, scope) == [expected, neighbour]
        assert driver.get_subscription(scope, made.id) == expected

    @needs(Trait.SUBSCRIPTIONS)
    def test_confirmation_is_given_and_taken_back(self, driver: ControlDriver) -> None:
        """And both again, harmlessly."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope)
        for wanted in (True, True, False, False, True):
            changed = change_one(driver, made, confirmed=wanted)
            assert changed is not None
            assert changed.confirmed is wanted
            assert driver.get_subscription(scope, made.id) is not None
            assert [it.confirmed for it in listed(driver, scope)] == [wanted]

    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_new_ttl_runs_from_now(self, driver: ControlDriver) -> None:
        """While the age goes on; other changes leave the expiry where it is."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope, ttl=100)
        advance(driver, 60)
        changed = change_one(driver, made, options={"a": 1})
        assert changed == replace(made, options={"a": 1}, age=60, remaining=40)
        changed = change_one(driver, made, ttl=50)
        assert changed == replace(made, options={"a": 1}, ttl=50, age=60, remaining=50)
        advance(driver, 49)
        assert driver.get_subscription(scope, made.id) == replace(changed, age=109, remaining=1)
        advance(driver, 1)
        assert driver.get_subscription(scope, made.id) is None

    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_change_to_a_subscriber_in_use_is_refused(self, driver: ControlDriver) -> None:
        """With nothing changed; one's own is no obstacle, nor that of one that has expired."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope, "http://a")
        other = subscribe(driver, scope, "http://b", ttl=100)
        with pytest.raises(SubscriptionAlreadyExists):
            change_one(driver, made, subscriber="http://b", ttl=5, confirmed=True)
        assert listed(driver, scope) == [made, other]
        assert change_one(driver, made, subscriber="http://a") == made
        advance(driver, 99)
        with pytest.raises(SubscriptionAlreadyExists):
            change_one(driver, made, subscriber="http://b")
        advance(driver, 1)
        changed = change_one(driver, made, subscriber="http://b")
        assert listed(driver, scope) == [changed]
        assert subscribers(driver, scope) == ["http://b"]

    @pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN.keys())
    @needs(Trait.SUBSCRIPTIONS)
    def test_change_finds_the_subscription_as_it_was_read(
        self, driver: ControlDriver, between: dict[str, Any]
    ) -> None:
        """Or changes nothing; whether it is confirmed, and how long it lives, does not matter."""
        scope = expect_subscribers(driver)
        options = {"a": [1, 2.5, None, "\u00e9"], "b": {}}
        made = subscribe(driver, scope, options=options, delivery_secret=MARK)
        assert change_one(driver, made, expected=made, ttl=60, confirmed=True) is not None
        read = change_one(driver, made, expected=made, options={**options, "c": True})
        assert read is not None
        change_one(driver, made, **between)
        with pytest.raises(RecordChanged):
            change_one(driver, made, expected=read, ttl=5, subscriber="http://late", options={})
        (present,) = listed(driver, scope)
        assert (present.subscriber == read.subscriber) is ("subscriber" not in between)
        assert present.options == between.get("options", read.options)
        assert (present.ttl, present.confirmed) == (60, True)

    @needs(Trait.SUBSCRIPTIONS)
    def test_one_of_concurrent_changes_of_what_was_read_counts(self, driver: ControlDriver) -> None:
        """Several processes change what all of them have read."""
        for _ in range(scaled(3, 30)):
            scope = expect_subscribers(driver)
            made = subscribe(driver, scope, options={"a": 1})

            def change(number: int, made: Subscription = made) -> bool:
                try:
                    changed = change_one(driver, made, expected=made, options={"b": number})
                except RecordChanged:
                    return False
                return changed is not None

            won = in_threads([partial(change, number) for number in range(4)])
            assert won.count(True) == 1
            assert listed(driver, scope)[0].options == {"b": won.index(True)}

    @needs(Trait.SUBSCRIPTIONS)
    def test_former_subscriber_is_free(self, driver: ControlDriver) -> None:
        """And the new one is taken."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope, "http://a")
        change_one(driver, made, subscriber="http://b")
        found, is_new = driver.create_subscription(new_subscription(scope, "http://b"))
        assert (found.id, is_new) == (made.id, False)
        subscribe(driver, scope, "http://a")
        assert sorted(subscribers(driver, scope)) == ["http://a", "http://b"]

    @needs(Trait.SUBSCRIPTIONS)
    def test_one_of_all_who_want_a_subscriber_gets_it(self, driver: ControlDriver) -> None:
        """By creation or by change, at the same moment."""
        for _ in range(scaled(5, 50)):
            scope = expect_subscribers(driver)
            others = [subscribe(driver, scope, f"http://{number}") for number in range(4)]

            def change(one: Subscription) -> bool:
                try:
                    return change_one(driver, one, subscriber=SUBSCRIBER) is not None
                except SubscriptionAlreadyExists:
                    return False

            def create(scope: Scope = scope) -> bool:
                return driver.create_subscription(new_subscription(scope))[1]

            won = in_threads([create, *(partial(change, one) for one in others), create])
            assert won.count(True) == 1
            assert subscribers(driver, scope).count(SUBSCRIBER) == 1

    # --- Listing --------------------------------------------------------------------------------

    @needs(Trait.SUBSCRIPTIONS)
    def test_subscriptions_in_the_order_of_their_ids(self, driver: ControlDriver) -> None:
        """Strictly after the marker, be it there or not; a page is short only at the end."""
        scope = expect_subscribers(driver)
        ids = ["0-a", "0190", "A", "Z", "_", "a", "a-b", "aA", "aa", "b"]
        for id_ in ids[::2] + ids[1::2]:
            subscribe(driver, scope, f"http://{id_}", id=id_)
        assert [it.id for it in listed(driver, scope)] == sorted(ids) == ids
        for marker in ("", "0", "A", "B", "a", "a-", "b", "zz"):
            after = [id_ for id_ in ids if id_ > marker]
            assert [it.id for it in listed(driver, scope, marker=marker, limit=3)] == after[:3]

    @needs(Trait.SUBSCRIPTIONS)
    def test_expired_ones_do_not_shorten_a_page(self, driver: ControlDriver) -> None:
        """They are left out before the limit applies."""
        scope = expect_subscribers(driver)
        for number in range(12):
            ttl = 9000 if number % 2 else 100
            subscribe(driver, scope, f"http://{number}", id=f"{number:02}", ttl=ttl)
        advance(driver, 200)
        page = listed(driver, scope, marker="01", limit=4)
        assert [it.id for it in page] == ["03", "05", "07", "09"]

    @needs(Trait.SUBSCRIPTIONS)
    def test_many_subscriptions_page_by_page(self, driver: ControlDriver) -> None:
        """Each once, and complete."""
        scope, many = expect_subscribers(driver), scaled(60, 2000)
        made = [subscribe(driver, scope, name).id for name in numbered(many, "http://")]
        seen: list[str] = []
        while page := listed(driver, scope, marker=seen[-1] if seen else "", limit=7):
            assert len(page) == min(7, many - len(seen))
            seen += [it.id for it in page]
        assert seen == sorted(made)

    # --- Elsewhere ------------------------------------------------------------------------------

    @pytest.mark.parametrize("where", ["project", "name", "kind"])
    @needs(Trait.SUBSCRIPTIONS)
    def test_id_of_another_source_does_not_exist(self, driver: ControlDriver, where: str) -> None:
        """Whoever has learnt it can neither see nor change anything with it."""
        scope = expect_subscribers(driver)
        foreign: dict[str, Any] = {"project": new_project(), "name": "other", "kind": Kind.TOPIC}
        other = expect_subscribers(driver, replace(scope, **{where: foreign[where]}))
        made = subscribe(driver, scope)
        stranger = replace(made, scope=other)
        assert driver.get_subscription(other, made.id) is None
        assert listed(driver, other) == []
        assert change_one(driver, stranger, options={"a": 1}, ttl=1) is None
        assert driver.delete_subscription(other, made.id) is None
        driver.purge_subscriptions(other)
        (read,) = listed(driver, scope)
        assert (read.id, read.options, read.ttl) == (made.id, {}, made.ttl)
        subscribe(driver, other)
        assert subscribers(driver, scope) == subscribers(driver, other) == [SUBSCRIBER]

    @pytest.mark.parametrize("odd", LOOK_ALIKES)
    @needs(Trait.SUBSCRIPTIONS)
    def test_subscriptions_of_odd_projects(self, driver: ControlDriver, odd: str) -> None:
        """A project id is any text of up to 256 characters, compared byte by byte."""
        core = new_project()
        patterns = (ODD_PROJECTS[odd], LOOK_ALIKES[odd])
        self.check_apart(driver, *(Scope(pattern.format(core), "orders") for pattern in patterns))

    @pytest.mark.parametrize(("left", "right"), SPLITS)
    @needs(Trait.SUBSCRIPTIONS)
    def test_subscriptions_of_project_and_name_are_not_joined(
        self, driver: ControlDriver, left: tuple[str, str], right: tuple[str, str]
    ) -> None:
        """No separator can be forged."""
        core = new_project()
        self.check_apart(
            driver, *(Scope(pattern.format(core), name) for pattern, name in (left, right))
        )

    def check_apart(self, driver: ControlDriver, one: Scope, other: Scope) -> None:
        """The subscriptions of one do not show in the other, nor stand in their way.

        :raises AssertionError: they do.
        """
        made = [subscribe(driver, expect_subscribers(driver, scope)).id for scope in (one, other)]
        assert [[it.id for it in listed(driver, scope)] for scope in (one, other)] == [
            [id_] for id_ in made
        ]
        driver.purge_subscriptions(one)
        assert (subscribers(driver, one), subscribers(driver, other)) == ([], [SUBSCRIBER])
