"""Topics: actions on queues, messages and subscriptions once more, in a name space of their own.

Contract: ``rest-v2.md`` 6. There are none over sockets.
"""

from __future__ import annotations

from typing import Final

from angarium.actions import messages, queues, subscriptions
from angarium.actions.base import Action, HttpBinding, Parameters, Services
from angarium.actions.queues import QueuePage
from angarium.context import RequestContext
from angarium.storage.models import Kind

_MISSING: Final = frozenset({"queue_share"})


def topic_list(services: Services, context: RequestContext, parameters: Parameters) -> QueuePage:
    """List topics by name; they are never counted."""
    return queues.list_page(services, context, parameters, Kind.TOPIC)


def _for_topics(action: Action) -> Action:
    """The action on topics that mirrors one on queues."""
    http = action.http
    rule = action.rule
    return Action(
        name=f"topic_{action.name.removeprefix('queue_')}",
        resource="topics",
        rule=rule and rule.replace("queues:", "topics:"),
        summary=_in_words(action.summary),
        http=HttpBinding(http.method, _in_words(http.path), http.needs_query),
        handler=topic_list if action.handler is queues.queue_list else action.handler,
        kind=Kind.TOPIC,
        check_size=action.check_size,
    )


def _in_words(text: str) -> str:
    return text.replace("queue", "topic")


ACTIONS: Final = tuple(
    _for_topics(action)
    for action in (*queues.ACTIONS, *messages.ACTIONS, *subscriptions.ACTIONS)
    if action.name not in _MISSING
)
