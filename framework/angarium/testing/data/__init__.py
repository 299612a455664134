"""The data suite: every guarantee of a message store, one module per topic."""

from __future__ import annotations

from hypothesis.stateful import run_state_machine_as_test

from angarium.storage.driver import DataDriver
from angarium.testing.data.announcing import AnnouncingCases
from angarium.testing.data.carrying import CarryingCases
from angarium.testing.data.claim_life import ClaimLifeCases
from angarium.testing.data.claiming import ClaimingCases
from angarium.testing.data.clocks import ClockCases
from angarium.testing.data.crashing import CrashingCases
from angarium.testing.data.dead_letters import DeadLetterCases
from angarium.testing.data.deleting import DeletingCases
from angarium.testing.data.delivering import DeliveringCases
from angarium.testing.data.epochs import EpochCases
from angarium.testing.data.expanding import ExpandingCases
from angarium.testing.data.expiring import ExpiringCases
from angarium.testing.data.exporting import ExportingCases
from angarium.testing.data.handing_over import HandingOverCases
from angarium.testing.data.importing import ImportingCases
from angarium.testing.data.isolation import IsolationCases
from angarium.testing.data.lanes import LaneCases
from angarium.testing.data.listing import ListingCases
from angarium.testing.data.moving import MovingCases
from angarium.testing.data.owing import OwingCases
from angarium.testing.data.posting import PostingCases
from angarium.testing.data.promoting import PromotingCases
from angarium.testing.data.racing import RacingCases
from angarium.testing.data.reclaiming import ReclaimingCases
from angarium.testing.data.sealing import SealingCases
from angarium.testing.data.settling import SettlingCases
from angarium.testing.data.statistics import StatisticsCases
from angarium.testing.data.taking import TakingCases
from angarium.testing.data.visibility import VisibilityCases
from angarium.testing.delivery_machine import DeliveryMachine
from angarium.testing.factory import DriverFactory
from angarium.testing.machine import DriverMachine, machine_settings
from angarium.testing.queues import Queue
from angarium.testing.traits import Trait, needs


class DataSuite(
    PostingCases,
    ListingCases,
    VisibilityCases,
    ClaimingCases,
    ClaimLifeCases,
    DeletingCases,
    TakingCases,
    ExpiringCases,
    DeadLetterCases,
    StatisticsCases,
    IsolationCases,
    EpochCases,
    PromotingCases,
    RacingCases,
    CrashingCases,
    ReclaimingCases,
    ClockCases,
    CarryingCases,
    ExportingCases,
    ImportingCases,
    MovingCases,
    SealingCases,
    AnnouncingCases,
    ExpandingCases,
    LaneCases,
    SettlingCases,
    OwingCases,
    HandingOverCases,
    DeliveringCases,
):
    """All cases for a message store. Subclass it as ``Test…`` with a fixture ``factory``."""

    def test_capabilities_are_those_declared(self, factory: DriverFactory[DataDriver]) -> None:
        """They are readable without connecting, and the suite tests what they promise."""
        assert factory.open().capabilities == self.capabilities

    def test_answers_a_ping(self, driver: DataDriver) -> None:
        """A store that is there answers."""
        driver.ping()

    def test_preparing_again_changes_nothing(
        self, factory: DriverFactory[DataDriver], queue: Queue
    ) -> None:
        """Every start prepares the store, and an upgrade of what is up to date does nothing."""
        queue.post("A", "B")
        again = factory.open()
        again.upgrade()
        again.prepare()
        assert queue.on(again).everything() == ["A", "B"]
        again.close()
        assert queue.everything() == ["A", "B"]

    def test_behaves_like_the_model(self, driver: DataDriver) -> None:
        """Random operations and moves of time have the same results on the model."""

        class Machine(DriverMachine):
            def __init__(self) -> None:
                super().__init__(driver)

        run_state_machine_as_test(Machine, settings=machine_settings())

    @needs(Trait.NOTICES)
    def test_delivers_like_the_model(self, driver: DataDriver) -> None:
        """Random deliveries and moves of time have the same results on the model."""
        hands_over = Trait.MOVING in self.traits

        class Machine(DeliveryMachine):
            def __init__(self) -> None:
                super().__init__(driver, hands_over=hands_over)

        run_state_machine_as_test(Machine, settings=machine_settings(8))
