"""The kit itself: it finds each of a list of defects, and collects what a driver declares."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from angarium.errors import ClaimNotFound
from angarium.storage.deliveries import DutyStatus
from angarium.storage.models import Capability, Scope
from angarium.storage.signals import RecordChanged, StalePlan
from angarium.testing import (
    ControlSuite,
    DataSuite,
    DriverFactory,
    ModelControlDriver,
    ModelDataDriver,
    Trait,
)
from angarium.testing.notices import Ledger
from angarium.testing.queues import new_project, new_queue
from angarium.testing.timing import StoreTime, within_one_second
from tests.storage import defects
from tests.storage import defects_between_pools as between
from tests.storage import defects_of_deliveries as deliveries
from tests.storage import defects_of_subscriptions as subscriptions

Case = Callable[..., None]
Kind = type[ModelDataDriver] | type[ModelControlDriver]
SUITE = DataSuite()
CONTROL = ControlSuite()

FOUND: list[tuple[Kind, Case, tuple[object, ...]]] = [
    (defects.ForgetsDelays, SUITE.test_scenario_04_delayed_message_is_not_claimed, ()),
    (defects.ForgetsDelays, SUITE.test_scenario_22_pop_skips_claimed_and_delayed, ()),
    (defects.ForgetsDelays, SUITE.test_operation_sees_state, ("delayed", "claim")),
    (defects.StoresHalfABatch, SUITE.test_scenario_16_post_that_fails_midway_stores_nothing, (5,)),
    (defects.RepeatsPosts, SUITE.test_repeated_post_does_not_bring_back_what_was_deleted, ()),
    (
        defects.CutsBeforeItFilters,
        SUITE.test_claimed_messages_before_the_page_do_not_shorten_it,
        (),
    ),
    (defects.CutsBeforeItFilters, SUITE.test_example_of_the_contract, ()),
    (defects.FailsOnOddMarkers, SUITE.test_odd_marker_gives_an_empty_page, ("word",)),
    (defects.ShowsDelayedMessages, SUITE.test_delayed_message_appears_at_its_place, ()),
    (defects.IsASecondSlow, SUITE.test_scenario_21_gone_at_the_second_of_expiry, ()),
    (defects.DeletesClaimedMessages, SUITE.test_deletion_of_state_with_claim, ("claimed", "no")),
    (defects.NeverExtends, SUITE.test_scenario_06_extended_message_lives_on, ()),
    (defects.NeverExtends, SUITE.test_extension_example_of_the_contract, ()),
    (defects.CountsPops, SUITE.test_popped_message_is_complete, ()),
    (defects.ForgetsCounts, SUITE.test_count_grows_with_each_claim, ()),
    (defects.RevivesClaims, SUITE.test_scenario_05_lapsed_claim_does_not_exist, ()),
    (defects.ClaimsTwice, SUITE.test_repeated_claim_gives_the_same_messages, ()),
    (defects.MovesAtTheLimit, SUITE.test_scenario_13_moved_by_the_attempt_after_the_last, ()),
    (defects.MovesAtTheLimit, SUITE.test_scenario_23_claim_goes_on_with_the_next, ()),
    (defects.ForgetsTheTtlOfDeadLetters, SUITE.test_own_ttl_of_the_dead_letter_queue, ()),
    (
        defects.IgnoresEpochs,
        SUITE.test_stale_plan_is_refused_with_nothing_changed,
        ("purge", "lower"),
    ),
    (defects.Undeletes, SUITE.test_tombstone_refuses_late_registrations, ()),
    (defects.PurgesLazily, SUITE.test_purge_removes_all_of_this_queue, ()),
    (
        defects.SharesNamesAmongProjects,
        SUITE.test_scenario_11_foreign_ids_are_absent,
        ("another project",),
    ),
    (between.ForgetsImportedCounts, SUITE.test_imported_message_is_what_it_was, ()),
    (
        between.ForgetsImportedCounts,
        SUITE.test_moved_count_decides_about_dead_letters,
        ("from-the-model",),
    ),
    (between.KeepsWhatIsGone, SUITE.test_import_makes_exactly_its_stretch, ()),
    (between.KeepsWhatIsGone, SUITE.test_copy_catches_up_with_its_source, ("within-the-store",)),
    (between.UsesPositionsAgain, SUITE.test_imported_positions_count, ()),
    (between.ExportsWhatIsAvailable, SUITE.test_export_tells_everything, ()),
    (between.ExportsTheTtl, SUITE.test_export_tells_everything, ()),
    (between.ForgetsEmptyClaims, SUITE.test_claims_are_exported, ()),
    (between.StartsClaimsAnew, SUITE.test_imported_claim_is_what_it_was, ()),
    (between.StartsClaimsAnew, SUITE.test_moved_queue_lives_on, ("from-the-model",)),
    (between.AcceptsAgain, SUITE.test_repeated_acceptance_stores_what_is_missing, ()),
    (between.GivesAFullLife, SUITE.test_accepted_message_expires_when_it_would_have, ()),
    (between.CountsLeases, SUITE.test_lease_takes_the_over_claimed_and_does_nothing_else, ()),
    (
        between.ClaimsBesideTheLease,
        SUITE.test_lease_takes_the_over_claimed_and_does_nothing_else,
        (),
    ),
    (
        between.ReleasesLate,
        SUITE.test_export_has_all_that_was_acknowledged_and_nothing_follows,
        (),
    ),
    (between.NamesMissingPools, CONTROL.test_queue_in_an_unknown_pool_is_refused, ()),
    (between.NamesMissingPools, CONTROL.test_unknown_pool_is_refused, ("target",)),
    (between.SharesUris, CONTROL.test_uri_belongs_to_one_pool, ()),
    (between.OverlooksTargets, CONTROL.test_pool_with_queues_is_kept, ("target",)),
    (between.OverlooksTargets, CONTROL.test_pool_with_queues_is_kept, ("source",)),
    (between.TagsSomePools, CONTROL.test_unknown_pool_changes_nothing, ()),
    (between.UntagsForAll, CONTROL.test_two_projects_share_a_name, ()),
    (between.IgnoresTargets, CONTROL.test_change_finds_the_record_as_it_was_read, ()),
    (between.IgnoresTargets, CONTROL.test_one_of_two_movers_notes_its_target, ()),
    (between.IgnoresLeases, CONTROL.test_lease_keeps_others_off, ()),
    (between.PublishesWhatMoves, CONTROL.test_queue_that_moves_is_left_alone, ()),
    (between.KeepsSources, CONTROL.test_whole_move, ()),
    (between.ListsTargets, CONTROL.test_queues_of_a_pool_page_by_page, ()),
    (subscriptions.SubscribesTwice, CONTROL.test_same_subscriber_has_one_subscription, ()),
    (subscriptions.LooksBeforeItSubscribes, CONTROL.test_one_of_concurrent_creations_wins, ()),
    (
        subscriptions.LooksBeforeItSubscribes,
        CONTROL.test_note_and_subscription_at_the_same_moment,
        (),
    ),
    (
        subscriptions.LooksBeforeItSubscribes,
        CONTROL.test_one_of_all_who_want_a_subscriber_gets_it,
        (),
    ),
    (subscriptions.ForgetsWhatItCreated, CONTROL.test_repeated_creation_counts_as_created, ()),
    (subscriptions.ExpiresLate, CONTROL.test_subscription_is_gone_at_the_second_of_expiry, ()),
    (subscriptions.ExpiresLate, CONTROL.test_scenario_19_same_again_at_the_second_of_expiry, ()),
    (subscriptions.ExpiresLate, CONTROL.test_note_stays_while_there_is_a_subscription, ()),
    (
        subscriptions.TakesWhatNobodyExpects,
        CONTROL.test_queue_has_to_expect_a_subscription,
        ("not-noted",),
    ),
    (
        subscriptions.FindsIdsAnywhere,
        CONTROL.test_id_of_another_source_does_not_exist,
        ("project",),
    ),
    (subscriptions.FindsIdsAnywhere, CONTROL.test_id_of_another_source_does_not_exist, ("kind",)),
    (subscriptions.RestartsAges, CONTROL.test_new_ttl_runs_from_now, ()),
    (
        subscriptions.MergesOptions,
        CONTROL.test_change_of_some_fields_keeps_the_others,
        ({"options": {}},),
    ),
    (
        subscriptions.ChangesWhatItFinds,
        CONTROL.test_change_finds_the_subscription_as_it_was_read,
        ({"options": {"b": {}}},),
    ),
    (
        subscriptions.LooksBeforeItChanges,
        CONTROL.test_one_of_concurrent_changes_of_what_was_read_counts,
        (),
    ),
    (subscriptions.DropsSecrets, CONTROL.test_secret_is_kept_until_it_is_dropped, ()),
    (
        subscriptions.TakesSubscribersAway,
        CONTROL.test_change_to_a_subscriber_in_use_is_refused,
        (),
    ),
    (subscriptions.CutsBeforeItLooks, CONTROL.test_expired_ones_do_not_shorten_a_page, ()),
    (subscriptions.PurgesAPage, CONTROL.test_scenario_18_purge_leaves_none, ()),
    (subscriptions.DeletesWithTheQueue, CONTROL.test_subscriptions_outlive_their_queue, ()),
    (subscriptions.CreatesWithoutLooking, CONTROL.test_subscriptions_outlive_their_queue, ()),
    (subscriptions.ForgetsTheNote, CONTROL.test_note_is_kept_by_other_changes, ()),
    (subscriptions.TakesTheNoteBack, CONTROL.test_note_stays_while_there_is_a_subscription, ()),
    (subscriptions.TakesTheNoteBack, CONTROL.test_note_and_subscription_at_the_same_moment, ()),
    (subscriptions.KeepsTheEpoch, CONTROL.test_note_raises_the_epoch, ()),
    (deliveries.AnnouncesRepetitions, SUITE.test_repeated_post_leaves_no_second_notice, (False,)),
    (deliveries.AnnouncesRepetitions, SUITE.test_repeated_post_after_all_was_delivered, ()),
    (
        deliveries.AnnouncesFirst,
        SUITE.test_stale_post_leaves_neither_message_nor_notice,
        ("lower",),
    ),
    (deliveries.SharesQueues, SUITE.test_queue_is_one_owners_at_a_time, ()),
    (deliveries.SharesQueues, SUITE.test_one_of_concurrent_owners_gets_a_queue, ()),
    (deliveries.BeginsWithTheNewest, SUITE.test_notices_of_a_queue_by_position, ()),
    (deliveries.IgnoresCursors, SUITE.test_page_at_another_cursor_is_void, ()),
    (deliveries.ExpandsForAnybody, SUITE.test_page_of_who_lost_the_lease_is_void, ()),
    (deliveries.ReplacesDuties, SUITE.test_duty_that_is_there_stays, ()),
    (deliveries.SharesLanes, SUITE.test_lane_is_one_owners_at_a_time, ()),
    (deliveries.SharesLanes, SUITE.test_delivers_like_the_model, ()),
    (deliveries.MixesSuspects, SUITE.test_suspects_and_others_are_taken_apart, ()),
    (deliveries.ForgetsOrder, SUITE.test_ordered_lane_waits_for_its_oldest_duty, ()),
    (deliveries.ForgetsOrder, SUITE.test_ordered_lane_hands_out_its_oldest_duty, ()),
    (
        deliveries.BelievesLateReports,
        SUITE.test_report_is_ignored_when_somebody_took_the_lane,
        (),
    ),
    (deliveries.IgnoresLapsedReports, SUITE.test_report_counts_when_nobody_took_the_lane, ()),
    (deliveries.KeepsIdleLanes, SUITE.test_lane_in_which_nothing_is_due_is_given_back, ()),
    (deliveries.KeepsEmptyLanes, SUITE.test_lane_ends_with_its_last_duty, (True,)),
    (deliveries.ForgetsPayloads, SUITE.test_payload_is_there_as_long_as_a_duty_needs_it, ()),
    (
        deliveries.KeepsForGood,
        SUITE.test_duty_that_is_over_is_listed_for_a_while,
        (DutyStatus.FAILED,),
    ),
    (
        deliveries.ForgetsWithTheQueue,
        SUITE.test_debt_outlives_messages_and_queue,
        ("queue-deleted",),
    ),
    (deliveries.ForgetsWithTheMessages, SUITE.test_debt_outlives_messages_and_queue, ("purged",)),
    (deliveries.ReplaysWhatWaits, SUITE.test_duty_is_replayed, (DutyStatus.FAILED,)),
    (deliveries.AddsAgain, SUITE.test_known_notice_is_not_added_again, ()),
    (deliveries.ExportsExpandedNotices, SUITE.test_export_tells_what_is_owed, ()),
    (deliveries.ImportsAsDue, SUITE.test_imported_debt_is_what_it_was, ()),
    (deliveries.ImportsAsDue, SUITE.test_debts_move, ("from-the-model",)),
    (deliveries.ForgetsCursors, SUITE.test_debts_move, ("from-the-model",)),
    (deliveries.ImportsOnTop, SUITE.test_import_that_replaces, (True,)),
    (deliveries.ImportsOverwriting, SUITE.test_what_is_there_stays, ()),
    (deliveries.DropsRegardless, SUITE.test_debts_are_dropped, (False,)),
]
"""A defect, a case about it, and the case's parameters."""


def passes(kind: Kind, case: Case, parameters: tuple[object, ...], directory: Path) -> bool:
    uri = f"{directory}/{kind.__name__}"
    driver = DriverFactory(kind, directory / "clock", uri).open()
    given: dict[str, object] = {"driver": driver, "scope": Scope(new_project(), "orders")}
    if isinstance(driver, ModelDataDriver):
        given["queue"] = new_queue(driver)
        given["ledger"] = Ledger(driver)
    wanted = inspect.signature(case).parameters
    chosen = dict(zip((name for name in wanted if name not in given), parameters, strict=True))
    try:
        case(**{name: given[name] for name in wanted if name in given}, **chosen)
    except (AssertionError, pytest.fail.Exception, ValueError, StalePlan, RecordChanged):
        return False
    return True


@pytest.mark.parametrize(("kind", "case", "parameters"), FOUND)
def test_defect_is_found(
    kind: Kind, case: Case, parameters: tuple[object, ...], tmp_path: Path
) -> None:
    right = ModelDataDriver if issubclass(kind, ModelDataDriver) else ModelControlDriver
    assert not passes(kind, case, parameters, tmp_path)
    assert passes(right, case, parameters, tmp_path)


def test_every_defect_is_looked_for() -> None:
    models = (ModelDataDriver, ModelControlDriver)
    modules = (defects, between, deliveries, subscriptions)
    found = [it for module in modules for it in vars(module).values()]
    kinds = {it for it in found if isinstance(it, type) and issubclass(it, models)}
    assert kinds - {*models} == {kind for kind, _, _ in FOUND}


def cases(suite: type) -> set[str]:
    return {name for name in dir(suite) if name.startswith("test_") and getattr(suite, name)}


def test_case_that_a_driver_does_not_declare_is_not_collected() -> None:
    class Modest(DataSuite):
        traits = frozenset({Trait.RECLAIMING, Trait.MOVING, Trait.NOTICES})
        capabilities = frozenset({Capability.CLAIMS})

    left_out = cases(DataSuite) - cases(Modest)
    assert "test_scenario_01_reader_amid_producers_in_threads" in left_out
    assert "test_killed_amid_posts" in left_out
    assert "test_frees_in_bounded_steps" not in left_out
    assert len(left_out) < 20


def test_message_store_may_do_without_notices() -> None:
    class Modest(DataSuite):
        traits = frozenset(Trait) - {Trait.NOTICES}

    left_out = cases(DataSuite) - cases(Modest)
    assert {"test_batch_leaves_one_notice", "test_expansion_page_by_page"} <= left_out
    assert "test_message_is_shown_as_it_was_posted" not in left_out


def test_management_store_may_do_without_subscriptions() -> None:
    class Modest(ControlSuite):
        traits = frozenset(Trait) - {Trait.SUBSCRIPTIONS}

    left_out = cases(ControlSuite) - cases(Modest)
    assert {"test_scenario_18_purge_leaves_none", "test_note_raises_the_epoch"} <= left_out
    assert "test_uri_belongs_to_one_pool" not in left_out


def test_management_store_may_do_without_pools() -> None:
    class Modest(ControlSuite):
        traits = frozenset({Trait.PROCESSES})

    left_out = cases(ControlSuite) - cases(Modest)
    assert {"test_uri_belongs_to_one_pool", "test_whole_move"} <= left_out
    assert "test_deletion_marks_the_record" not in left_out


@pytest.mark.parametrize("suite", [DataSuite, ControlSuite])
def test_no_case_hides_another_of_the_same_name(suite: type) -> None:
    defined = Counter(
        name for part in suite.__mro__ for name in vars(part) if name.startswith("test_")
    )
    assert [name for name, count in defined.items() if count > 1] == []


@pytest.mark.parametrize("number", range(1, 26))
def test_every_scenario_of_the_contract_has_a_case(number: int) -> None:
    every = cases(DataSuite) | cases(ControlSuite)
    assert [name for name in every if name.startswith(f"test_scenario_{number:02}_")]


def test_drivers_of_one_uri_share_a_store(tmp_path: Path) -> None:
    factory = DriverFactory(ModelDataDriver, tmp_path / "clock", uri=f"{tmp_path}/one")
    queue = new_queue(factory.open())
    queue.post("A")
    assert queue.on(factory.open()).everything() == ["A"]
    other = DriverFactory(ModelDataDriver, tmp_path / "clock", uri=f"{tmp_path}/other")
    with pytest.raises(StalePlan):
        queue.on(other.open()).everything()


@pytest.mark.parametrize("verdict", [AssertionError, ClaimNotFound, pytest.fail.Exception])
def test_case_that_is_exact_to_the_second_runs_again_after_a_tick(
    verdict: type[BaseException], tmp_path: Path
) -> None:
    runs = []

    @within_one_second
    def case(self: object, driver: ModelDataDriver) -> None:
        runs.append(driver.clock.now())
        if len(runs) == 1:
            StoreTime(driver).wait_for_tick()
            raise verdict

    case(None, DriverFactory(ModelDataDriver, tmp_path / "clock", str(tmp_path)).open())
    assert len(runs) == 2


def test_case_that_fails_within_its_second_fails(tmp_path: Path) -> None:
    @within_one_second
    def case(self: object, driver: ModelDataDriver) -> None:
        raise ClaimNotFound

    with pytest.raises(ClaimNotFound):
        case(None, DriverFactory(ModelDataDriver, tmp_path / "clock", str(tmp_path)).open())
