"""What the notifiers that send requests have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from angarium.notifications.connections import TargetDenied
from angarium.notifications.notifier import (
    Delivery,
    GivenUp,
    Notifier,
    NotifierEnvironment,
    Registration,
    Verdict,
)
from angarium_notifiers import options
from angarium_notifiers.client import FAILURES, Client
from angarium_notifiers.outcomes import failed
from angarium_notifiers.redirects import RedirectRefused
from angarium_notifiers.request import OPTIONS_SCHEMA, Request, build, check_options
from angarium_notifiers.tls import tls_context


class RequestNotifier(Notifier):
    """Builds a request for each delivery; subclasses send it, with the client that is there."""

    options_schema: ClassVar[Mapping[str, Any]] = OPTIONS_SCHEMA

    def __init__(self, environment: NotifierEnvironment) -> None:
        super().__init__(environment)
        conf = environment.conf
        conf.register_opts(options.WEBHOOK_OPTIONS, group=options.GROUP)
        group = conf[options.GROUP]
        self.client = Client(
            environment.connector,
            tls_context("webhook_ca_file", group.webhook_ca_file),
            group.webhook_connect_timeout,
            group.webhook_read_timeout,
        )

    @property
    def time_limit(self) -> float:
        """The two time-outs together."""
        return self.client.time_limit

    def check(self, registration: Registration) -> None:
        """Look at the options."""
        check_options(registration.options)

    def deliver(self, delivery: Delivery) -> Verdict:
        """Build the request and send it; whatever goes wrong becomes a verdict."""
        try:
            request = build(delivery)
        except Exception as error:  # of whatever class: it would fail again
            return GivenUp(f"the request could not be built ({type(error).__name__})")
        try:
            return self.send(request, delivery)
        except (TargetDenied, RedirectRefused) as error:
            return GivenUp(str(error))
        except FAILURES as error:
            return failed(error)
        except ValueError as error:  # a header that cannot be written
            return GivenUp(f"the request could not be sent ({type(error).__name__})")

    @abstractmethod
    def send(self, request: Request, delivery: Delivery) -> Verdict:
        """Send a request within :attr:`time_limit`."""

    def close(self) -> None:
        """Give back connections."""
        self.client.close()
