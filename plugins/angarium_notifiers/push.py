"""``websocket``: pushes to connections of this service (contract, ``websocket-v2.md`` 9 and 10).

The subscriber is the delivery endpoint of the process that holds the connection; what it gets is a
webhook's request with the proof that the service itself sent it.
"""

from __future__ import annotations

import time

from angarium.notifications import proof
from angarium.notifications.notifier import Delivery, GivenUp, Verdict
from angarium_notifiers.outcomes import judge
from angarium_notifiers.request import Request
from angarium_notifiers.sender import RequestNotifier

_GONE = 404


class PushNotifier(RequestNotifier):
    """Posts to delivery endpoints only, which are exempt from the rules about targets."""

    interface_version = 1

    def send(self, request: Request, delivery: Delivery) -> Verdict:
        """Post with the proof; a connection that is not there any more ends its subscription."""
        if delivery.delivery_secret is None:
            return GivenUp("it is no subscription of a socket")
        connection_id = request.url.target.removeprefix("/")
        signature = proof.sign(
            delivery.delivery_secret, connection_id, request.body, int(time.time())
        )
        answer = self.client.post(
            request.url,
            {**request.headers, proof.HEADER: signature},
            request.body,
            time.monotonic() + self.client.time_limit,
        )
        if answer.status == _GONE:
            return GivenUp("the socket was closed", is_gone=True)
        return judge(answer)
