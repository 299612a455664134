"""Message stores that are right but for one thing each."""

from __future__ import annotations

import dataclasses

from angarium.errors import ClaimNotFound, MessageIsClaimed
from angarium.storage import operations as op
from angarium.storage.models import Message, Page, QueueRef
from angarium.storage.signals import StalePlan
from angarium.testing import ModelDataDriver


class ForgetsDelays(ModelDataDriver):
    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        hasty = tuple(dataclasses.replace(it, delay=0) for it in operation.messages)
        super().post_messages(queue, dataclasses.replace(operation, messages=hasty))


class StoresHalfABatch(ModelDataDriver):
    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        for message in operation.messages:
            if message.ttl > 2**63:
                raise OverflowError
            super().post_messages(queue, dataclasses.replace(operation, messages=(message,)))


class RepeatsPosts(ModelDataDriver):
    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        for message in operation.messages:
            super().post_messages(queue, dataclasses.replace(operation, messages=(message,)))


class CutsBeforeItFilters(ModelDataDriver):
    def list_messages(self, queue: QueueRef, operation: op.ListMessages) -> Page:
        everything = dataclasses.replace(operation, include_claimed=True, exclude_client=None)
        page = super().list_messages(queue, everything)
        kept = super().list_messages(queue, dataclasses.replace(operation, limit=10_000)).messages
        return dataclasses.replace(page, messages=tuple(it for it in page.messages if it in kept))


class FailsOnOddMarkers(ModelDataDriver):
    def list_messages(self, queue: QueueRef, operation: op.ListMessages) -> Page:
        int(operation.marker or 0)
        return super().list_messages(queue, operation)


class ShowsDelayedMessages(ModelDataDriver):
    def list_messages(self, queue: QueueRef, operation: op.ListMessages) -> Page:
        return super().list_messages(queue, dataclasses.replace(operation, include_delayed=True))


class IsASecondSlow(ModelDataDriver):
    def get_messages(self, queue: QueueRef, operation: op.GetMessages) -> tuple[Message, ...]:
        self.clock.offset -= 1
        try:
            return super().get_messages(queue, operation)
        finally:
            self.clock.offset += 1


class DeletesClaimedMessages(ModelDataDriver):
    def delete_message(self, queue: QueueRef, operation: op.DeleteMessage) -> None:
        try:
            super().delete_message(queue, operation)
        except MessageIsClaimed:
            super().delete_messages(queue, op.DeleteMessages((operation.id,)))


class NeverExtends(ModelDataDriver):
    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        messages = super().create_claim(queue, operation)
        held = self._store.queues[queue.scope]
        for message in held.members(operation.claim_id):
            message.expires = message.created + 60
        return messages


class CountsPops(ModelDataDriver):
    def pop_messages(self, queue: QueueRef, operation: op.PopMessages) -> tuple[Message, ...]:
        popped = super().pop_messages(queue, operation)
        return tuple(dataclasses.replace(it, claim_count=it.claim_count + 1) for it in popped)


class ForgetsCounts(ModelDataDriver):
    def release_claim(self, queue: QueueRef, operation: op.ReleaseClaim) -> None:
        for message in self._store.queues[queue.scope].members(operation.claim_id):
            message.claim_count = 0
        super().release_claim(queue, operation)


class RevivesClaims(ModelDataDriver):
    def renew_claim(self, queue: QueueRef, operation: op.RenewClaim) -> None:
        try:
            super().renew_claim(queue, operation)
        except ClaimNotFound:
            self.create_claim(queue, op.CreateClaim(operation.claim_id, operation.ttl, 0, 10))


class MovesAtTheLimit(ModelDataDriver):
    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        letter = operation.dead_letter
        if letter is not None:
            letter = dataclasses.replace(letter, max_claims=letter.max_claims - 1)
        return super().create_claim(queue, dataclasses.replace(operation, dead_letter=letter))


class ForgetsTheTtlOfDeadLetters(ModelDataDriver):
    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        letter = operation.dead_letter
        if letter is not None:
            letter = dataclasses.replace(letter, ttl=None)
        return super().create_claim(queue, dataclasses.replace(operation, dead_letter=letter))


class IgnoresEpochs(ModelDataDriver):
    def purge_messages(self, queue: QueueRef, operation: op.PurgeMessages) -> None:
        try:
            super().purge_messages(queue, operation)
        except StalePlan:
            self._store.queues[queue.scope].messages.clear()


class Undeletes(ModelDataDriver):
    def register(self, queue: QueueRef) -> None:
        super().register(queue)
        held = self._store.queues[queue.scope]
        held.is_deleted, held.epoch = False, queue.epoch


class PurgesLazily(ModelDataDriver):
    def purge_messages(self, queue: QueueRef, operation: op.PurgeMessages) -> None:
        super().pop_messages(queue, op.PopMessages(10_000))


class SharesNamesAmongProjects(ModelDataDriver):
    def get_messages(self, queue: QueueRef, operation: op.GetMessages) -> tuple[Message, ...]:
        found = super().get_messages(queue, operation)
        for scope, held in self._store.queues.items():
            if not found and scope.name == queue.scope.name and not held.is_deleted:
                found = super().get_messages(QueueRef(scope, held.epoch), operation)
        return found


class ClaimsTwice(ModelDataDriver):
    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        with self._store.lock:
            held = self._store.queues[queue.scope]
            if operation.claim_id in held.claims:
                unknown = dataclasses.replace(operation, claim_id=operation.claim_id + "-2")
                return super().create_claim(queue, unknown)
        return super().create_claim(queue, operation)
