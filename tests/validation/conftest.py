"""What the tests of the schemas share."""

from __future__ import annotations

import pytest

from angarium.limits import Limits
from angarium.validation import SchemaLibrary


@pytest.fixture(scope="session")
def library() -> SchemaLibrary:
    return SchemaLibrary(Limits())
