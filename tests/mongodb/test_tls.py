"""The TLS options of the contract as those of the client library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from oslo_config import cfg

from angarium.clock import Clock
from angarium.config import options as kernel_options
from angarium.errors import StartError, StoreUnreachable
from angarium.storage.driver import StoreEnvironment
from angarium.testing import DriverFactory
from angarium_mongodb import address, options, tls
from angarium_mongodb.data import MongoDataDriver
from tests.redis.tls import Authority, Terminator


def _options(**values: Any) -> SimpleNamespace:
    unset = {"ssl_keyfile": None, "ssl_certfile": None, "ssl_ca_certs": None}
    return SimpleNamespace(**{**unset, "ssl_cert_reqs": "CERT_REQUIRED", **values})


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A file for each option, with its own name in it."""
    found = {}
    for name in ("ssl_keyfile", "ssl_certfile", "ssl_ca_certs"):
        path = tmp_path / name
        path.write_text(name)
        found[name] = str(path)
    return found


@pytest.mark.parametrize(
    ("uri", "counts"),
    [
        ("mongodb://host/?ssl=true", True),
        ("mongodb://host/?w=2&ssl=true", True),
        ("mongodb://host/?ssl=false", False),
        ("mongodb://host/?tls=true", False),
        ("mongodb://host/", False),
    ],
)
def test_they_count_only_with_ssl(uri: str, counts: bool) -> None:
    assert address.parse(uri, "uri").uses_ssl_options == counts


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("CERT_NONE", {"tlsAllowInvalidCertificates": True}),
        ("CERT_OPTIONAL", {}),
        ("CERT_REQUIRED", {}),
    ],
)
def test_checking_the_server(requirement: str, expected: dict[str, bool]) -> None:
    with tls.arguments(_options(ssl_cert_reqs=requirement), "group") as found:
        assert found == expected


def test_authorities(files: dict[str, str]) -> None:
    with tls.arguments(_options(ssl_ca_certs=files["ssl_ca_certs"]), "group") as found:
        assert found == {"tlsCAFile": files["ssl_ca_certs"]}


def test_a_certificate_with_its_key(files: dict[str, str]) -> None:
    with tls.arguments(_options(ssl_certfile=files["ssl_certfile"]), "group") as found:
        assert found == {"tlsCertificateKeyFile": files["ssl_certfile"]}


def test_a_certificate_beside_its_key(files: dict[str, str]) -> None:
    """The library wants both in one file; it is gone afterwards, and nobody else could read it."""
    options = _options(ssl_certfile=files["ssl_certfile"], ssl_keyfile=files["ssl_keyfile"])
    with tls.arguments(options, "group") as found:
        both = Path(found["tlsCertificateKeyFile"])
        assert both.read_text() == "ssl_keyfile\nssl_certfile"
        assert both.stat().st_mode & 0o077 == 0
    assert not both.exists()


@pytest.mark.parametrize("option", ["ssl_keyfile", "ssl_certfile", "ssl_ca_certs"])
def test_a_file_that_is_not_there_stops_the_start(option: str) -> None:
    with (
        pytest.raises(StartError, match=option),
        tls.arguments(_options(**{option: "/no/such/file"}), "group"),
    ):
        pass


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who signed the certificate of the server."""
    return Authority(tmp_path)


@pytest.fixture
def secured(factory: DriverFactory[MongoDataDriver], authority: Authority) -> Iterator[str]:
    """The connection string of the server behind TLS, without the authority."""
    assert factory.uri is not None
    port = int(factory.uri.rpartition(":")[2].partition("/")[0])
    terminator = Terminator(port, authority)
    yield f"mongodb://127.0.0.1:{terminator.port}/?directConnection=true"
    terminator.close()


def _driver(uri: str, **values: str) -> MongoDataDriver:
    """A driver with options."""
    conf = cfg.ConfigOpts()
    kernel_options.register(conf)
    conf([], default_config_files=[], default_config_dirs=[])
    options.register(conf, options.MESSAGE_STORE)
    for name, value in values.items():
        conf.set_override(name, value, options.MESSAGE_STORE)
    waits = "serverSelectionTimeoutMS=2000&socketTimeoutMS=2000"
    return MongoDataDriver(StoreEnvironment(conf, Clock(), f"{uri}&{waits}"))


def test_tls_in_the_connection_string(secured: str, authority: Authority) -> None:
    driver = _driver(f"{secured}&tls=true&tlsCAFile={authority.file}")
    driver.ping()
    driver.close()


def test_tls_by_the_options(secured: str, authority: Authority) -> None:
    driver = _driver(f"{secured}&ssl=true", ssl_ca_certs=str(authority.file))
    driver.ping()
    driver.close()


@pytest.mark.parametrize("query", ["ssl=true", ""])
def test_a_server_that_cannot_be_trusted(secured: str, query: str) -> None:
    """Nor is a server with TLS spoken to without."""
    driver = _driver(f"{secured}&{query}".removesuffix("&"))
    with pytest.raises(StoreUnreachable):
        driver.ping()
    driver.close()
