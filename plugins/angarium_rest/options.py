"""The options of the REST door: ``[drivers:transport:wsgi]`` and ``[cors]``.

Names and defaults: contract, ``configuration.md`` 2.3, 2.16 and 3.
"""

from __future__ import annotations

import os
from typing import Final

from oslo_config import cfg

GROUP: Final = "drivers:transport:wsgi"
CORS_GROUP: Final = "cors"

SERVER_OPTIONS: Final[list[cfg.Opt]] = [
    cfg.HostAddressOpt(
        "bind",
        default="127.0.0.1",
        help="The address on which angarium-server listens, IPv4, IPv6 or a host name. The default "
        "is reached from this machine only, which is right for auth_strategy = noauth.",
    ),
    cfg.PortOpt(
        "port",
        default=8888,
        help="The port on which angarium-server listens; 0 for any that is free.",
    ),
    cfg.IntOpt(
        "workers",
        default=len(os.sched_getaffinity(0)),
        sample_default="<number of processors>",
        min=1,
        help="Server processes.",
    ),
    cfg.IntOpt(
        "threads",
        default=8,
        min=1,
        help="Threads of each server process: how many requests it works on at a time. A request "
        "whose body has not arrived yet holds one, so on open networks put a proxy in front that "
        "buffers requests.",
    ),
    cfg.FloatOpt(
        "body_timeout",
        default=30.0,
        min=1.0,
        help="Seconds for which a client may be silent while its body has not arrived; then the "
        "request is refused.",
    ),
    cfg.ListOpt(
        "allowed_hosts",
        default=[],
        help="Names, without a port, that requests may give as their Host while angarium-server "
        "listens on a loopback address in open mode, beside localhost and the loopback "
        "addresses; * for any. It keeps web pages from reaching the service through a name of "
        "their own.",
    ),
]

CORS_OPTIONS: Final[list[cfg.Opt]] = [
    cfg.ListOpt(
        "allowed_origin",
        help="Origins whose pages may read answers, as scheme://host[:port]; * for any. Unset "
        "switches everything in this group off.",
    ),
    cfg.BoolOpt(
        "allow_credentials", default=True, help="Tell browsers that they may send credentials."
    ),
    cfg.IntOpt(
        "max_age", default=3600, help="Seconds for which browsers may remember a permission."
    ),
    cfg.ListOpt(
        "allow_methods",
        default=["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"],
        help="Methods that pages may use.",
    ),
    cfg.ListOpt(
        "allow_headers",
        default=[
            "X-Auth-Token",
            "X-Identity-Status",
            "X-Roles",
            "X-Service-Catalog",
            "X-User-Id",
            "X-Tenant-Id",
            "X-OpenStack-Request-ID",
            "X-Trace-Info",
            "X-Trace-HMAC",
            "Client-id",
        ],
        help="Headers that pages may send.",
    ),
    cfg.ListOpt(
        "expose_headers",
        default=[
            "X-Auth-Token",
            "X-Subject-Token",
            "X-Service-Token",
            "X-OpenStack-Request-ID",
        ],
        help="Headers of answers that pages may read.",
    ),
]

GROUPS: Final[dict[str, list[cfg.Opt]]] = {GROUP: SERVER_OPTIONS, CORS_GROUP: CORS_OPTIONS}


def register(conf: cfg.ConfigOpts) -> None:
    """Make the options known to a configuration; harmless when they are already."""
    for group, options in GROUPS.items():
        conf.register_opts(options, group=group)


def list_options() -> list[tuple[str, list[cfg.Opt]]]:
    """The entry point ``oslo.config.opts``: the options by group."""
    return list(GROUPS.items())
