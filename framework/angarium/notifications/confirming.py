"""Asking subscribers whether they want a subscription (contract, ``notifications.md`` 11)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from oslo_config import cfg

from angarium import logs
from angarium.clock import Clock
from angarium.errors import AngariumError
from angarium.ids import new_message_id
from angarium.notifications.duties import DutyState, Recipient
from angarium.notifications.notice import encode_document
from angarium.notifications.notifier import MessageType
from angarium.signatures import Signer, normalise_expiry
from angarium.storage.deliveries import NewDuty, NewNotice
from angarium.storage.models import Scope, Subscription
from angarium.storage.operations import AddNotice
from angarium.storage.store import Store

LOG = logging.getLogger(__name__)
_METHOD: Final = "PUT"
_LAST_SECOND: Final = 253402300799  # of the year 9999
_NO_KEY: Final = "[signed_url] secret_key is not set, so no confirmation request can be sent"
_SENTENCES: Final = {
    MessageType.SUBSCRIPTION_CONFIRMATION: (
        "This address was subscribed to the {kind} {name}. To receive its messages, confirm that "
        "with the request described here; to receive none, do nothing."
    ),
    MessageType.UNSUBSCRIBE_CONFIRMATION: (
        "This address receives no more messages of the {kind} {name}, as was asked for. To receive "
        "them again, confirm the subscription with the request described here."
    ),
}


class Confirmations:
    """Sends confirmation requests, as deliveries among others. Safe for threads.

    :ivar is_required: whether only those who have confirmed get messages.
    """

    def __init__(self, conf: cfg.ConfigOpts, store: Store, signer: Signer, clock: Clock) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self.is_required: bool = conf.notification.require_confirmation
        self._unsubscribe_ttl: int = conf.transport.default_subscription_ttl
        self._endpoints = {
            "WSGISubscribeURL": conf.notification.public_endpoint,
            "WebSocketSubscribeURL": conf.notification.public_websocket_endpoint,
        }
        if self.is_required and not signer.is_enabled:
            LOG.error("[notification] require_confirmation is on, but %s", _NO_KEY)

    def request(self, subscription: Subscription, type: MessageType) -> None:  # noqa: A002 - contract
        """Have the subscriber asked; nothing happens unless confirmations are required.

        Returns as soon as the request is stored. A failure is logged and fails nobody.

        :param type: one of the two confirmations.
        """
        if not self.is_required:
            return
        try:
            if not self._signer.is_enabled:
                raise AngariumError(_NO_KEY)
            self._store.carry_out(subscription.scope, self._notice(subscription, type))
        except AngariumError as error:
            logs.event(
                LOG,
                logging.ERROR,
                f"no {type} was sent: {error}",
                project=subscription.scope.project,
                queue=subscription.scope.name,
                subscription=subscription.id,
            )

    def _notice(self, subscription: Subscription, type_: MessageType) -> AddNotice:
        payload = encode_document(type_, self.document(subscription, type_))
        recipient = Recipient.of(subscription, age=0)
        duty = NewDuty(
            subscription.id, DutyState(recipient).encode(), is_ordered=recipient.is_ordered
        )
        return AddNotice(NewNotice(new_message_id(), payload), (duty,))

    def document(self, subscription: Subscription, type_: MessageType) -> Mapping[str, Any]:
        """The document of 11.3, with a credential that confirms the subscription."""
        scope, path = subscription.scope, confirm_path(subscription.scope, subscription.id)
        is_new = type_ is MessageType.SUBSCRIPTION_CONFIRMATION
        expires = self._expiry(subscription.ttl if is_new else self._unsubscribe_ttl)
        credential = self._signer.issue([path], [_METHOD], scope.project, expires)
        document = {
            "Message_Type": type_.value,
            "Message": _SENTENCES[type_].format(kind=scope.kind, name=scope.name),
            "URL-Signature": credential.signature,
            "URL-Methods": _METHOD,
            "URL-Paths": path,
            "URL-Expires": expires,
            "X-Project-ID": scope.project,
            "SubscribeBody": {"confirmed": True},
            "UnsubscribeBody": {"confirmed": False},
            "queue_name": scope.name,
        }
        for member, endpoint in self._endpoints.items():
            if endpoint:
                parts = urlsplit(endpoint)
                document[member] = f"{parts.scheme}://{parts.netloc}{path}"
        return document

    def _expiry(self, ttl: int) -> str:
        now = self._clock.now()
        moment = datetime.fromtimestamp(min(now + ttl, _LAST_SECOND), UTC)
        return normalise_expiry(moment.isoformat(), now)


def confirm_path(scope: Scope, subscription_id: str) -> str:
    """The path of the resource that confirms a subscription."""
    return f"/v2/{scope.kind}s/{scope.name}/subscriptions/{subscription_id}/confirm"
