"""From notices to duties: one for each subscription, page by page (``notifications.md`` 4)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Final

from angarium.errors import StoreUnreachable
from angarium.notifications import notice as payloads
from angarium.notifications.duties import DutyState, Recipient
from angarium.notifications.filtering import matches
from angarium.notifications.notice import AnnouncedMessage
from angarium.notifications.suspects import Suspects
from angarium.storage.catalogue import Catalogue
from angarium.storage.deliveries import Expansion, NewDuty, Notice
from angarium.storage.driver import ControlDriver, DataDriver
from angarium.storage.models import Scope, Subscription

LOG = logging.getLogger(__name__)
_LEASE: Final = 30  # seconds; each step renews it
_NOTICES: Final = 32  # in the hands of a process at a time, of one store
_PAGE: Final = 100  # subscriptions read at a time
_DUTIES: Final = 500  # made in one call of the store, unless a page has more


@dataclass(frozen=True)
class Expander:
    """Expands the notices of one store. One thread at a time.

    :ivar owner: a name that nobody else has.
    :ivar needs_confirmation: whether unconfirmed subscriptions are passed over.
    """

    data: DataDriver
    control: ControlDriver
    catalogue: Catalogue
    suspects: Suspects
    owner: str
    needs_confirmation: bool

    def step(self) -> bool:
        """Expand some notices by a page each; False if there is nothing to expand.

        :raises StoreUnreachable: a store does not answer.
        """
        notices = self.data.lease_notices(self.owner, _LEASE, _NOTICES)
        for scope, group in groupby(notices, key=lambda it: it.scope):
            try:
                self._expand(scope, list(group))
            except StoreUnreachable:
                raise
            except Exception:
                LOG.exception("a notice of %s %r could not be expanded", scope.kind, scope.name)
        return bool(notices)

    def _expand(self, scope: Scope, notices: Sequence[Notice]) -> None:
        """Make the duties of one page of subscriptions.

        Notices that stand at the same place share the page. Those behind them wait, so that the
        duties of a lane come into being in the order of the queue.
        """
        after = notices[0].cursor
        together = list(takewhile(lambda it: it.cursor == after, notices))
        page = self.control.list_subscriptions(scope, marker=after, limit=_PAGE)
        cursor = page[-1].id if len(page) == _PAGE else None
        wanted = [it for it in page if it.confirmed or not self.needs_confirmation]
        step = max(1, _DUTIES // max(1, len(wanted)))
        for start in range(0, len(together), step):
            expansions = [
                Expansion(scope, it.id, after, self._duties(it, wanted), cursor)
                for it in together[start : start + step]
            ]
            self.data.expand_notices(self.owner, expansions)
        if not page and not after:
            self.catalogue.unsubscribed(scope)

    def _duties(self, notice: Notice, wanted: Sequence[Subscription]) -> tuple[NewDuty, ...]:
        messages: tuple[AnnouncedMessage, ...] | None = None
        duties = []
        for subscription in wanted:
            policy, picked = subscription.options.get("_filter"), None
            if policy:
                if messages is None:
                    messages = payloads.decode(notice.payload).messages
                picked = tuple(
                    index for index, it in enumerate(messages) if matches(policy, it.body)
                )
                if not picked:
                    continue
            duties.append(self._duty(notice, subscription, picked))
        return tuple(duties)

    def _duty(
        self, notice: Notice, subscription: Subscription, picked: tuple[int, ...] | None
    ) -> NewDuty:
        recipient = Recipient.of(subscription, notice.age)
        key = (subscription.scope, subscription.id)
        return NewDuty(
            subscription_id=subscription.id,
            state=DutyState(recipient, picked).encode(),
            due=self.suspects.silent_for(key),
            is_ordered=recipient.is_ordered,
            is_suspect=self.suspects.knows(key),
        )
