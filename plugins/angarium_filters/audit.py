"""``audit``: one line of log for each change of queues, messages, claims or subscriptions."""

from __future__ import annotations

import logging
from typing import Any, Final

from angarium import logs
from angarium.storage import operations as op
from angarium.storage import subscriptions
from angarium.storage.pipeline import Call, Filter

# Below "angarium", so that it is heard at INFO without further options.
LOG = logging.getLogger("angarium.audit")

_CHANGES: Final[dict[type[object], str]] = {
    op.CreateQueue: "create_queue",
    op.UpdateQueue: "update_queue",
    op.DeleteQueue: "delete_queue",
    op.PostMessages: "post_messages",
    op.DeleteMessage: "delete_message",
    op.DeleteMessages: "delete_messages",
    op.PopMessages: "pop_messages",
    op.PurgeMessages: "purge_messages",
    op.CreateClaim: "create_claim",
    op.RenewClaim: "renew_claim",
    op.ReleaseClaim: "release_claim",
    subscriptions.CreateSubscription: "create_subscription",
    subscriptions.UpdateSubscription: "update_subscription",
    subscriptions.ConfirmSubscription: "confirm_subscription",
    subscriptions.DeleteSubscription: "delete_subscription",
    subscriptions.PurgeSubscriptions: "purge_subscriptions",
}


class AuditFilter(Filter):
    """Says who changed what, after it was done; never what a message holds.

    Name it in ``[storage] queue_pipeline``, ``topic_pipeline``, ``message_pipeline``,
    ``claim_pipeline`` and ``subscription_pipeline``, or in some of them.
    """

    interface_version = 1

    def after(self, call: Call[Any], result: Any) -> None:
        """Log the operation, unless it only reads or found nothing to change."""
        operation = call.operation
        name = _CHANGES.get(type(operation))
        messages = _count(operation, result)
        if name is None or messages == 0:
            return
        context = call.context
        logs.event(
            LOG,
            logging.INFO,
            "audit",
            operation=name,
            project=call.scope.project,
            **{call.scope.kind.value: call.scope.name},
            user_id=context.user_id,
            client_id=context.client_id or None,
            messages=messages,
            claim_id=getattr(operation, "claim_id", None),
            request_id=context.request_id,
        )


def _count(operation: op.Operation[Any], result: Any) -> int | None:
    """How many messages it is about, where that is known."""
    match operation:
        case op.PostMessages():
            return len(operation.messages)
        case op.DeleteMessage():
            return 1
        case op.DeleteMessages():
            return len(operation.ids)
        case op.PopMessages() | op.CreateClaim():
            return len(result)
    return None
