"""The one way from an action to a store: plan, filters, driver, and again if the plan was stale."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from angarium.context import RequestContext
from angarium.errors import (
    ApiError,
    ClaimDoesNotMatch,
    MessageNotClaimed,
    QueueDoesNotExist,
    StoreUnreachable,
)
from angarium.ids import new_claim_id
from angarium.notifications import notice
from angarium.storage import operations as op
from angarium.storage import repeating
from angarium.storage.catalogue import Catalogue, Plan
from angarium.storage.deliveries import NewNotice
from angarium.storage.models import DeadLetter, Message, Page, Scope, StoredMessage
from angarium.storage.pipeline import Call, Pipeline
from angarium.storage.settings import QueueSettings
from angarium.storage.signals import DeadLetterQueueMissing, DeadLettersLeased, StalePlan

ResultT = TypeVar("ResultT")

_ATTEMPTS: Final = 20
_PATIENCE: Final = 10.0  # seconds spent on carrying dead letters before a request is told to wait


class Store:
    """Carries out operations on queues. Safe for threads."""

    def __init__(self, catalogue: Catalogue, pipelines: Mapping[str, Pipeline]) -> None:
        self.catalogue = catalogue
        self._pipelines = pipelines

    def manage(
        self, context: RequestContext, scope: Scope, operation: op.QueueOperation[ResultT]
    ) -> ResultT:
        """Carry out an operation on the management record of a queue.

        :raises StoreUnreachable: a store failed.
        """
        call = Call(context, scope, {}, operation)
        return self._pipelines[call.pipeline].run(
            call, lambda it: it.perform(self.catalogue, scope)
        )

    def perform(
        self,
        context: RequestContext,
        scope: Scope,
        build: Callable[[QueueSettings], op.DataOperation[ResultT]],
        *,
        creates_queue: bool = False,
        carry_out: Callable[[op.DataOperation[ResultT], Plan], ResultT] | None = None,
    ) -> ResultT:
        """Carry out an operation on the messages or claims of a queue.

        :param build: makes the operation from the settings of the queue; may refuse with an
            :class:`ApiError`, and is then asked again on fresh settings if these were cached.
        :param creates_queue: create the queue if it does not exist, once ``build`` has accepted.
        :param carry_out: how, if not by one call of the driver.
        :raises QueueDoesNotExist: the queue does not exist and is not to be created.
        :raises StoreUnreachable: a store failed; nothing was changed.
        """
        plan = self.catalogue.plan(scope)
        is_fresh = is_repeat = False
        for _ in range(_ATTEMPTS):
            try:
                operation = build(plan.settings if plan else self.catalogue.default_settings)
            except ApiError:
                if is_fresh or plan is None:
                    raise
                plan, is_fresh = self.catalogue.plan_anew(scope), True
                continue
            if plan is None and not creates_queue:
                raise QueueDoesNotExist
            try:
                call = Call(context, scope, plan.metadata if plan else {}, operation, is_repeat)
                return self._pass(call, plan, carry_out or _perform)
            except StalePlan as stale:
                plan, is_fresh = self.catalogue.plan_after_refusal(plan, scope, stale.scope), True
                is_repeat = True
        raise StoreUnreachable("The queue is being changed all the time; please retry.")

    def post_messages(
        self,
        context: RequestContext,
        scope: Scope,
        build: Callable[[QueueSettings], op.PostMessages],
    ) -> None:
        """Store messages, and in the same step the duty to tell the subscribers, if there are any.

        Creates the queue if it does not exist.
        """
        self.perform(context, scope, build, creates_queue=True, carry_out=_post)

    def list_messages(
        self,
        context: RequestContext,
        scope: Scope,
        build: Callable[[QueueSettings], op.ListMessages],
    ) -> Page:
        """Read a page of messages that is short only at the end of the queue.

        To the filters it is one operation, however often the driver has to be called for it.
        """
        return self.perform(context, scope, build, carry_out=_whole_page)

    def create_claim(
        self,
        context: RequestContext,
        scope: Scope,
        build: Callable[[QueueSettings], op.CreateClaim],
    ) -> tuple[Message, ...]:
        """Claim messages, after carrying dead letters where the driver cannot move them.

        To the filters it is one operation, however many dead letters there are.
        """
        return self.perform(context, scope, build, carry_out=self._claim)

    def carry_out(
        self, scope: Scope, operation: op.DataOperation[ResultT], *, creates_in: str | None = None
    ) -> ResultT:
        """Carry out an operation of the service's own, which no filter sees.

        :param creates_in: the pool to create the queue in if it does not exist.
        :raises QueueDoesNotExist: the queue does not exist and is not to be created.
        :raises StoreUnreachable: a store failed; nothing was changed.
        """
        for _ in range(_ATTEMPTS):
            if creates_in is None:
                plan = self.catalogue.plan(scope)
            else:
                plan = self.catalogue.ensure(scope, creates_in)
            if plan is None:
                raise QueueDoesNotExist
            try:
                return _perform(operation, plan)
            except StalePlan:
                self.catalogue.plan_after_refusal(plan, scope, scope)
        raise StoreUnreachable("The queue is being changed all the time; please retry.")

    def _claim(
        self, operation: op.DataOperation[tuple[Message, ...]], plan: Plan
    ) -> tuple[Message, ...]:
        assert isinstance(operation, op.CreateClaim)
        rule = operation.dead_letter
        if rule is None or not plan.carries_dead_letters:
            return _perform(operation, plan)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            leasing = replace(rule, lease_id=new_claim_id())
            try:
                return _perform(replace(operation, dead_letter=leasing), plan)
            except DeadLettersLeased as found:
                self._carry(found.messages, leasing, plan)
        raise StoreUnreachable("Very many dead letters are being moved; please retry.")

    def _carry(self, messages: tuple[StoredMessage, ...], rule: DeadLetter, plan: Plan) -> None:
        """Write dead letters to another pool, then delete them here, under their lease."""
        letters = op.AcceptDeadLetters(messages, rule.ttl)
        self.carry_out(rule.scope, letters, creates_in=plan.pool)
        ids = tuple(message.id for message in messages)
        deletion = op.DeleteMessages(ids, claim_ids=(rule.lease_id or "",))
        try:
            _perform(deletion, plan)
        except StalePlan:
            anew = self.catalogue.plan_anew(plan.queue.scope)
            if anew is not None:
                _perform(deletion, anew)
            raise
        except (MessageNotClaimed, ClaimDoesNotMatch):
            return  # the lease is over: whoever claims next carries them again

    def _pass(
        self,
        call: Call[op.DataOperation[ResultT]],
        plan: Plan | None,
        carry_out: Callable[[op.DataOperation[ResultT], Plan], ResultT],
    ) -> ResultT:
        """Through the filters to the driver."""

        def act(operation: op.DataOperation[ResultT]) -> ResultT:
            ready = plan or self._create_for(call.scope)
            try:
                return carry_out(operation, ready)
            except DeadLetterQueueMissing as missing:
                self.catalogue.ensure(missing.scope, ready.pool)
                raise StalePlan(call.scope) from missing

        return self._pipelines[call.pipeline].run(call, act)

    def _create_for(self, scope: Scope) -> Plan:
        """Create the queue of a post; if somebody else just did so with metadata, plan again."""
        plan = self.catalogue.ensure(scope)
        if plan.metadata:
            raise StalePlan(scope)
        return plan


def _perform(operation: op.DataOperation[ResultT], plan: Plan) -> ResultT:
    return repeating.perform(operation, plan.driver, plan.queue)


def _post(operation: op.DataOperation[None], plan: Plan) -> None:
    """With a notice, made after all filters had the messages: it holds what is stored."""
    assert isinstance(operation, op.PostMessages)
    if plan.has_subscribers:
        payload = notice.encode_batch(
            operation.messages,
            plan.metadata.get("_retry_policy"),
            is_delayed=plan.settings.is_delayed,
        )
        operation = replace(operation, notice=NewNotice(operation.messages[0].id, payload))
    _perform(operation, plan)


def _whole_page(operation: op.DataOperation[Page], plan: Plan) -> Page:
    """A page that is complete, from as many calls as the driver's scan limit makes necessary."""
    assert isinstance(operation, op.ListMessages)
    page = _perform(operation, plan)
    while not page.complete:
        left = operation.limit - len(page.messages)
        rest = _perform(replace(operation, marker=page.marker, limit=left), plan)
        marker = rest.marker or page.marker
        page = Page((*page.messages, *rest.messages), marker, rest.complete)
    return page
