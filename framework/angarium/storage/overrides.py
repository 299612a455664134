"""The options of a driver as a pool's own options change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from oslo_config import cfg, types

from angarium.errors import StartError
from angarium.storage.driver import StoreEnvironment

_URI: Final = "uri"  # a pool has its own already

_KINDS: Final[tuple[tuple[type, tuple[type, ...], str], ...]] = (
    (types.Boolean, (bool,), "true or false"),
    (types.Integer, (int,), "an integer"),
    (types.Float, (int, float), "a number"),
    (types.String, (str,), "a string"),
)


class Settings:
    """Values by option name, each the pool's own one or that of the configuration."""

    def __init__(self, configured: Any, own: Mapping[str, Any]) -> None:
        self._configured = configured
        self._own = own

    def __getattr__(self, name: str) -> Any:
        if name in self._own:
            return self._own[name]
        return getattr(self._configured, name)


def settings(environment: StoreEnvironment, group: str, options: Sequence[cfg.Opt]) -> Settings:
    """Register the options of a driver; its values, a pool's own options before the configuration.

    :param options: all of the group. A pool may set each but ``uri``.
    :raises StartError: a pool sets an option that there is not, or to something that it cannot be.
    """
    environment.conf.register_opts(options, group=group)
    known = {option.dest: option for option in options if option.dest != _URI}
    own = {name: _value(known, name, given) for name, given in environment.options.items()}
    return Settings(environment.conf[group], own)


def _value(known: Mapping[str, cfg.Opt], name: str, given: Any) -> Any:
    option = known.get(name)
    if option is None:
        raise StartError(
            f"A pool of this driver has no option {name!r}; it has {', '.join(sorted(known))}."
        )
    for kind, accepted, description in _KINDS:
        if isinstance(option.type, kind) and type(given) not in accepted:
            raise StartError(f"The option {name!r} of a pool must be {description}.")
    try:
        return option.type(given)
    except (TypeError, ValueError) as error:
        raise StartError(f"The option {name!r} of a pool cannot be used: {error}.") from error
