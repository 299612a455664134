"""What a webhook gets to read (contract, ``notifications.md`` 1 and 5)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from angarium.notifications.notifier import Delivery, MessageType
from angarium.storage.models import Kind

PLACEHOLDER: Final = '"$zaqar_message$"'
JSON: Final = "application/json"
CLOUDEVENT: Final = "application/cloudevents+json"
EVENT_TYPE: Final = "angarium.message.posted"


@dataclass(frozen=True, slots=True)
class Payload:
    """The body of a request."""

    body: bytes
    content_type: str


def payload(delivery: Delivery) -> Payload:
    """The document of a delivery, as an event or inside a template if the options say so."""
    is_event = (
        delivery.options.get("_envelope") == "cloudevents"
        and delivery.type is MessageType.NOTIFICATION
    )
    text = ascii_json(_event(delivery) if is_event else delivery.document)
    template = delivery.options.get("post_data")
    if template is not None:
        return Payload(template.replace(PLACEHOLDER, text).encode(), JSON)
    return Payload(text.encode(), CLOUDEVENT if is_event else JSON)


def ascii_json(document: Any) -> str:
    """JSON in which characters beyond ASCII are escaped."""
    return json.dumps(document, separators=(",", ":"))


def _event(delivery: Delivery) -> dict[str, Any]:
    """A structured event by CloudEvents 1.0."""
    collection = "topics" if delivery.scope.kind is Kind.TOPIC else "queues"
    moment = datetime.fromtimestamp(delivery.posted, UTC)
    return {
        "specversion": "1.0",
        "id": delivery.message_id,
        "source": f"/v2/{collection}/{delivery.scope.name}",
        "type": EVENT_TYPE,
        "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "datacontenttype": JSON,
        "data": delivery.document.get("body"),
    }
