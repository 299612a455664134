"""The control suite: every guarantee of a management store, one module per topic."""

from __future__ import annotations

from angarium.storage.driver import ControlDriver
from angarium.testing.control.changing import ChangingCases
from angarium.testing.control.creating import CreatingCases
from angarium.testing.control.flavors import FlavorCases
from angarium.testing.control.listing import ListingCases
from angarium.testing.control.moving import MovingCases
from angarium.testing.control.pools import PoolCases
from angarium.testing.control.records import RecordCases
from angarium.testing.control.subscribed import SubscribedCases
from angarium.testing.control.subscribing import SubscribingCases
from angarium.testing.factory import DriverFactory


class ControlSuite(
    CreatingCases,
    ChangingCases,
    RecordCases,
    ListingCases,
    PoolCases,
    FlavorCases,
    MovingCases,
    SubscribingCases,
    SubscribedCases,
):
    """All cases for a management store. Subclass it as ``Test…`` with a fixture ``factory``."""

    def test_answers_a_ping(self, driver: ControlDriver) -> None:
        """A store that is there answers."""
        driver.ping()

    def test_preparing_again_changes_nothing(
        self, factory: DriverFactory[ControlDriver], driver: ControlDriver
    ) -> None:
        """Every start prepares the store, and an upgrade of what is up to date does nothing."""
        record = self.published(driver)
        again = factory.open()
        again.upgrade()
        again.prepare()
        assert again.get_queue(record.scope) == record
        again.close()
        assert driver.get_queue(record.scope) == record
