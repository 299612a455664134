"""What a driver under test declares, and which cases need it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import ClassVar, Final, TypeVar

from angarium.storage.models import Capability

CaseT = TypeVar("CaseT", bound=Callable[..., None])
_NEEDS: Final = "angarium_needs"


class Trait(StrEnum):
    """What is true of some stores and not of others, beside their capabilities.

    :cvar PROCESSES: several processes, forked ones included, can use the store at once.
    :cvar RECLAIMING: ``reclaim()`` is how the store gets rid of what expired or was deleted.
    :cvar CLOCK: the store has a clock of its own: that of a process, however wrong, counts nowhere.
    :cvar POOLS: a management store with pools and flavors, between which queues can be moved.
    :cvar MOVING: a message store that hands messages to others and takes theirs, dead letters too.
    :cvar SUBSCRIPTIONS: a management store with subscriptions.
    :cvar NOTICES: a message store that keeps notices, duties and lanes.
    """

    PROCESSES = "processes"
    RECLAIMING = "reclaiming"
    CLOCK = "clock"
    POOLS = "pools"
    MOVING = "moving"
    SUBSCRIPTIONS = "subscriptions"
    NOTICES = "notices"


def needs(*names: Capability | Trait) -> Callable[[CaseT], CaseT]:
    """Mark a case that only applies to drivers which declare all of these."""

    def mark(case: CaseT) -> CaseT:
        setattr(case, _NEEDS, frozenset(names))
        return case

    return mark


class Suite:
    """The base of both suites. A subclass declares; a case that needs more is not collected.

    :cvar traits: what is true of the store; everything unless a subclass says less.
    :cvar capabilities: what the driver is to declare as configured for the tests.
    """

    traits: ClassVar[frozenset[Trait]] = frozenset(Trait)
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        declared = cls.traits | cls.capabilities
        for name in dir(cls):
            wanted: frozenset[str] = getattr(getattr(cls, name), _NEEDS, frozenset())
            if not wanted <= declared:
                setattr(cls, name, None)
