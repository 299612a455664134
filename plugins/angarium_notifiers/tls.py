"""How servers are verified: against their host name, by the system's authorities and others."""

from __future__ import annotations

import ssl
from functools import cache

from angarium.errors import StartError


@cache
def tls_context(option: str, ca_file: str | None) -> ssl.SSLContext:
    """The settings of TLS connections, for everybody who names the same file.

    :param option: that of the file, for the error.
    :param ca_file: PEM file of further authorities.
    :raises StartError: it cannot be used.
    """
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise StartError(
                f"[notification] {option} = {ca_file} cannot be read as certificates: {error}"
            ) from error
    return context
