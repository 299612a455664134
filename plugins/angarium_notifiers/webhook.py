"""``http`` and ``https``: each message is posted to the subscriber (contract, notifications.md 5).

What belongs to the subscriber's own origin (``post_headers``, credentials in the URL) is never sent
to another one, and a redirect from https to http is refused.
"""

from __future__ import annotations

import time

from angarium.errors import InvalidRequest
from angarium.notifications.notifier import Delivery, GivenUp, Registration, Verdict
from angarium.notifications.urls import parse
from angarium_notifiers.client import PORTS
from angarium_notifiers.outcomes import judge
from angarium_notifiers.redirects import FOLLOWED, MOST_HOPS, is_same, next_url
from angarium_notifiers.request import Request
from angarium_notifiers.sender import RequestNotifier


class WebhookNotifier(RequestNotifier):
    """Posts to any address that the operator lets it contact."""

    interface_version = 1

    def check(self, registration: Registration) -> None:
        """Look at the address and the options."""
        try:
            is_served = parse(registration.subscriber).scheme in PORTS
        except ValueError as error:
            raise InvalidRequest(f"subscriber {error}.") from None
        if not is_served:
            raise InvalidRequest("subscriber must be a URL that begins with http: or https:.")
        super().check(registration)

    def send(self, request: Request, delivery: Delivery) -> Verdict:
        """Post, and post again to where the subscriber has moved."""
        deadline = time.monotonic() + self.client.time_limit
        url, headers = request.url, request.headers
        for _ in range(MOST_HOPS + 1):
            answer = self.client.post(url, headers, request.body, deadline)
            if answer.status not in FOLLOWED:
                return judge(answer)
            target = next_url(url, answer)
            if not is_same(url, target):
                headers = request.public_headers
            url = target
        return GivenUp(f"redirected more than {MOST_HOPS} times")
