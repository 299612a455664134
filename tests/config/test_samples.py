"""The samples in ``etc/`` are what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from angarium import config
from tests.tools import samples


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_the_shipped_sample_is_the_generated_one(name: str) -> None:
    shipped = (samples.ETC / name).read_text()
    assert shipped == samples.SAMPLES[name](), "run `make samples`"


def test_the_sample_is_a_configuration_that_loads(tmp_path: Path) -> None:
    text = (samples.ETC / "angarium.conf.sample").read_text()
    active = [
        line[1:] if line.startswith("#") and " = " in line and line[1].isalpha() else line
        for line in text.splitlines()
        if "<" not in line and "sample default" not in line and "message_encryption_key" not in line
    ]
    path = tmp_path / "angarium.conf"
    path.write_text("\n".join(active) + "\n")
    conf = config.load(["--config-file", str(path)])
    assert conf.transport.max_claim_ttl == 43200
    assert conf.get_location("max_claim_ttl", "transport").detail == str(path)
