"""What all cases of the data suite are given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from angarium.storage.driver import DataDriver
from angarium.testing.factory import DriverFactory
from angarium.testing.notices import Ledger
from angarium.testing.queues import Queue, new_queue
from angarium.testing.traits import Suite


class DataCases(Suite):
    """The base of the cases: each works in projects of its own, on a store that all share."""

    @pytest.fixture(scope="class")
    @classmethod
    def factory(cls) -> DriverFactory[DataDriver]:
        """How to open the driver under test; the author's part, of scope class or wider."""
        raise NotImplementedError("define the fixture 'factory' in your subclass of the suite")

    @pytest.fixture(scope="class")
    @classmethod
    def driver(cls, factory: DriverFactory[DataDriver]) -> Iterator[DataDriver]:
        """A driver that is ready to serve."""
        opened = factory.open()
        opened.upgrade()
        opened.prepare()
        yield opened
        opened.close()

    @pytest.fixture
    def queue(self, driver: DataDriver) -> Queue:
        """A queue without messages."""
        return new_queue(driver)

    @pytest.fixture
    def ledger(self, driver: DataDriver) -> Iterator[Ledger]:
        """Queues that may owe something until the case ends."""
        with Ledger(driver) as opened:
            yield opened
