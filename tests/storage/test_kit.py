"""The kit itself: it finds each of a list of defects, and collects what a driver declares."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from angarium.errors import ClaimNotFound
from angarium.storage.models import Capability
from angarium.storage.signals import StalePlan
from angarium.testing import ControlSuite, DataSuite, DriverFactory, ModelDataDriver, Trait
from angarium.testing.queues import new_queue
from angarium.testing.timing import StoreTime, within_one_second
from tests.storage import defects

Case = Callable[..., None]
SUITE = DataSuite()

FOUND: list[tuple[type[ModelDataDriver], Case, tuple[object, ...]]] = [
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
]
"""A defect, a case about it, and the case's parameters."""


def passes(
    kind: type[ModelDataDriver], case: Case, parameters: tuple[object, ...], directory: Path
) -> bool:
    uri = f"{directory}/{kind.__name__}"
    driver = DriverFactory(kind, directory / "clock", uri).open()
    takes_driver = next(iter(inspect.signature(case).parameters)) == "driver"
    try:
        case(driver if takes_driver else new_queue(driver), *parameters)
    except (AssertionError, pytest.fail.Exception, ValueError, StalePlan):
        return False
    return True


@pytest.mark.parametrize(("kind", "case", "parameters"), FOUND)
def test_defect_is_found(
    kind: type[ModelDataDriver], case: Case, parameters: tuple[object, ...], tmp_path: Path
) -> None:
    assert not passes(kind, case, parameters, tmp_path)
    assert passes(ModelDataDriver, case, parameters, tmp_path)


def test_every_defect_is_looked_for() -> None:
    kinds = {it for it in vars(defects).values() if isinstance(it, type)}
    mutants = {it for it in kinds if issubclass(it, ModelDataDriver)} - {ModelDataDriver}
    assert mutants == {kind for kind, _, _ in FOUND}


def cases(suite: type) -> set[str]:
    return {name for name in dir(suite) if name.startswith("test_") and getattr(suite, name)}


def test_case_that_a_driver_does_not_declare_is_not_collected() -> None:
    class Modest(DataSuite):
        traits = frozenset({Trait.RECLAIMING, Trait.MOVING})
        capabilities = frozenset({Capability.CLAIMS})

    left_out = cases(DataSuite) - cases(Modest)
    assert "test_scenario_01_reader_amid_producers_in_threads" in left_out
    assert "test_killed_amid_posts" in left_out
    assert "test_frees_in_bounded_steps" not in left_out
    assert len(left_out) < 10


@pytest.mark.parametrize("suite", [DataSuite, ControlSuite])
def test_no_case_hides_another_of_the_same_name(suite: type) -> None:
    defined = Counter(
        name for part in suite.__mro__ for name in vars(part) if name.startswith("test_")
    )
    assert [name for name, count in defined.items() if count > 1] == []


@pytest.mark.parametrize("number", [*range(1, 18), *range(20, 25)])
def test_every_scenario_of_the_contract_has_a_case(number: int) -> None:
    assert [name for name in cases(DataSuite) if name.startswith(f"test_scenario_{number:02}_")]


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
