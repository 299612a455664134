"""The conformance kit: what an author of a driver runs to know that it keeps the contract.

Subclass :class:`DataSuite` for a message store, :class:`ControlSuite` for a management store, and
give each a fixture ``factory``; see ``docs/driver-kit.rst``. pytest and hypothesis are needed
(``pip install angarium[testing]``); nothing outside this package imports it.
"""

import pytest

# Has to come first: only modules that are imported later explain why an assertion failed.
pytest.register_assert_rewrite(
    *(
        f"angarium.testing.{name}"
        for name in (
            "control",
            "data",
            "deliverers",
            "delivery_machine",
            "machine",
            "notices",
            "queues",
            "subscribing",
            "transfer",
            "workers",
        )
    )
)

from angarium.model import ModelControlDriver, ModelDataDriver  # noqa: E402 (see above)
from angarium.testing.control import ControlSuite  # noqa: E402 (see above)
from angarium.testing.data import DataSuite  # noqa: E402 (see above)
from angarium.testing.factory import DriverFactory  # noqa: E402 (see above)
from angarium.testing.traits import Trait, needs  # noqa: E402 (see above)

__all__ = [
    "ControlSuite",
    "DataSuite",
    "DriverFactory",
    "ModelControlDriver",
    "ModelDataDriver",
    "Trait",
    "needs",
]
