"""The interface of the notifiers (group ``angarium.notifiers``): one plugin per URI scheme.

A notifier delivers one document to one subscriber, once, and says what became of it. All else is
the kernel's: which subscribers there are, the schedule of attempts, which addresses may be
contacted (contract, ``notifications.md`` 3, 6, 7 and 16). A notifier never sleeps and never loops.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from oslo_config import cfg

from angarium.context import RequestContext
from angarium.notifications.connections import Connector
from angarium.storage.models import Scope

INTERFACE_VERSION = 1


class MessageType(StrEnum):
    """What a document is about, as its member ``Message_Type`` says."""

    NOTIFICATION = "Notification"
    SUBSCRIPTION_CONFIRMATION = "SubscriptionConfirmation"
    UNSUBSCRIBE_CONFIRMATION = "UnsubscribeConfirmation"


@dataclass(frozen=True, slots=True)
class Registration:
    """A subscription that is about to be stored, or to get another address or other options.

    :ivar options: as the client gave them.
    :ivar ttl: seconds to live.
    :ivar requester: who asks, as the identity plugin verified it.
    """

    scope: Scope
    subscriber: str
    options: Mapping[str, Any]
    ttl: int
    requester: RequestContext


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document that is to be delivered to one subscriber.

    :ivar options: of the subscription, those of the server included.
    :ivar document: JSON of ``notifications.md`` 5.1 or 11.3.
    :ivar message_id: the same in every attempt, and in no other delivery to this subscriber.
    :ivar posted: when the message was, in seconds since 1970.
    :ivar attempt: 0 for the first.
    :ivar time_left: seconds until the subscription expires.
    :ivar delivery_secret: that of a socket's subscription, otherwise None.
    """

    scope: Scope
    subscription_id: str
    subscriber: str
    options: Mapping[str, Any]
    type: MessageType
    document: Mapping[str, Any]
    message_id: str
    posted: int
    attempt: int = 0
    time_left: int = 0
    delivery_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The subscriber has it."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It failed in a way that may pass; the kernel decides whether and when to try again.

    :ivar reason: one line for operators and dead letters; no credentials.
    :ivar not_before: seconds from now in which the subscriber does not want to be asked.
    """

    reason: str
    not_before: int = 0


@dataclass(frozen=True, slots=True)
class GivenUp:
    """It failed for good.

    :ivar reason: one line for operators and dead letters; no credentials.
    :ivar is_gone: whether the subscriber does not exist any more, so that the subscription can go.
    """

    reason: str
    is_gone: bool = False


Verdict = Delivered | TryAgain | GivenUp


@dataclass(frozen=True)
class NotifierEnvironment:
    """What a notifier is built from.

    :ivar conf: the configuration; a notifier registers and reads its own group only.
    :ivar connector: opens connections to addresses that may be contacted; use no other way.
    """

    conf: cfg.ConfigOpts
    connector: Connector


class Notifier(ABC):
    """Delivers to the subscribers of one URI scheme. One instance serves all threads of a process.

    :cvar options_schema: JSON Schema (2020-12) of the options that it knows: of ``properties``
        only; others are free-form and pass.
    :cvar obeys_retry_policy: whether the policies of queue and subscription apply to it; the
        defaults do otherwise.
    :raises StartError: when it cannot work as configured.
    """

    interface_version: ClassVar[int] = INTERFACE_VERSION
    options_schema: ClassVar[Mapping[str, Any]] = {}
    obeys_retry_policy: ClassVar[bool] = True

    def __init__(self, environment: NotifierEnvironment) -> None:
        self.environment = environment

    @property
    def time_limit(self) -> float:
        """Seconds within which :meth:`deliver` returns, whatever the subscriber does."""
        return 60.0

    def check(self, registration: Registration) -> None:
        """Look at address and options, without any effect.

        :raises InvalidRequest: they cannot be used; the text names the field and the rule.
        """

    def register(self, registration: Registration) -> Mapping[str, Any]:
        """Make what the subscription needs, such as a trust; called when all has been checked.

        :returns: the options to store.
        :raises InvalidRequest: they cannot be used.
        :raises StoreUnreachable: it could not be made now.
        """
        return registration.options

    @abstractmethod
    def deliver(self, delivery: Delivery) -> Verdict:
        """Deliver, or say why not. May block as long as its own time-outs say."""

    def close(self) -> None:
        """Give back connections; the notifier is not used afterwards."""
