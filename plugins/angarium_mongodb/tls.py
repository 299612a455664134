"""The TLS options of the contract as those of the client library."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from angarium.errors import StartError


@contextmanager
def arguments(options: Any, group: str) -> Iterator[Mapping[str, Any]]:
    """Keyword arguments for a client, which reads the files while it is made.

    :param options: the group of options of a store.
    :param group: its name, for errors.
    :raises StartError: a file that an option names cannot be read.
    """
    found: dict[str, Any] = {}
    if options.ssl_cert_reqs == "CERT_NONE":
        found["tlsAllowInvalidCertificates"] = True
    if options.ssl_ca_certs:
        _read(options.ssl_ca_certs, f"[{group}] ssl_ca_certs")
        found["tlsCAFile"] = options.ssl_ca_certs
    with _certificate(options, group) as certificate:
        if certificate is not None:
            found["tlsCertificateKeyFile"] = certificate
        yield found


@contextmanager
def _certificate(options: Any, group: str) -> Iterator[str | None]:
    """The one file with certificate and key that the library wants."""
    certificate, key = options.ssl_certfile, options.ssl_keyfile
    if not certificate or not key or certificate == key:
        only = certificate or key
        if only:
            _read(only, f"[{group}] {'ssl_certfile' if certificate else 'ssl_keyfile'}")
        yield only
        return
    both = (
        _read(key, f"[{group}] ssl_keyfile") + b"\n" + _read(certificate, f"[{group}] ssl_certfile")
    )
    with tempfile.NamedTemporaryFile(prefix="angarium-", suffix=".pem") as file:
        file.write(both)
        file.flush()
        yield file.name


def _read(path: str, option: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StartError(
            f"{option} names {path}, which cannot be read: {error.strerror}."
        ) from None
