"""The REST API as a WSGI callable for any server: ``angarium_rest.wsgi:application``.

The configuration comes from the usual places and the environment, or from the files that
``ANGARIUM_CONFIG_FILE`` and the directories that ``ANGARIUM_CONFIG_DIR`` names, several with ``:``
between them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from angarium import config, kernel, logs
from angarium.errors import AngariumError
from angarium_rest.app import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_VARIABLES = {"ANGARIUM_CONFIG_FILE": "--config-file", "ANGARIUM_CONFIG_DIR": "--config-dir"}


def _arguments() -> Iterator[str]:
    for variable, argument in _VARIABLES.items():
        for path in filter(None, os.environ.get(variable, "").split(os.pathsep)):
            yield from (argument, path)


class Application:
    """The service: checked and prepared at once, built anew in each process that serves it.

    Connections and threads do not survive a fork, so a server may load it before it forks.

    :raises SystemExit: with one line of text, when the configuration or a store prevents serving.
    """

    def __init__(self) -> None:
        try:
            self._conf = config.load(list(_arguments()))
            logs.setup(self._conf)
            first = kernel.build(self._conf)
            with logs.explained():
                first.prepare()
        except AngariumError as error:
            raise SystemExit(f"angarium: {error}") from error
        first.close()
        self._lock = threading.Lock()
        self._application: tuple[int, WSGIApplication] | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        application = self._application
        if application is None or application[0] != os.getpid():
            application = self._build()
        return application[1](environ, start_response)

    def _build(self) -> tuple[int, WSGIApplication]:
        with self._lock:
            process = os.getpid()
            if self._application is None or self._application[0] != process:
                service = kernel.build(self._conf)
                service.start_companions()
                self._application = (process, create_app(service).wsgi_app)
            return self._application


application = Application()
