"""The message store ``memory``."""

from __future__ import annotations

from typing import ClassVar

from angarium.model import ModelDataDriver
from angarium.storage.driver import StoreEnvironment
from angarium_memory import address, options


class MemoryDataDriver(ModelDataDriver):
    """Messages in the memory of this process: in order and claimable, but not durable."""

    interface_version: ClassVar[int] = 1
    schemes: ClassVar[frozenset[str]] = address.SCHEMES
    is_private: ClassVar[bool] = True

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(address.placed(environment, options.MESSAGE_STORE))

    def prepare(self) -> None:
        """Nothing has to be prepared, but something to be known."""
        address.warn("message store")
