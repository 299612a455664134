"""The figures of a run as one document: what ``--json`` writes, and the report and table show.

Its schema is ``result.json`` beside this module.
"""

from __future__ import annotations

import os
import platform
import re
from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from statistics import median
from typing import Any, Final

from angarium.bench import figures
from angarium.bench.cases import POST
from angarium.bench.engine import Measurement
from angarium.bench.session import CONSTANT, FLOOR, Filled, Results, Row, Target

FORMAT: Final = 1
_DISTRIBUTION: Final = "angarium"
_NAME: Final = re.compile(r"[\w.-]+")
_CPUINFO: Final = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "processors": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "packages": _packages(),
    }


def _packages() -> dict[str, str]:
    """The versions of this distribution and of what it can make use of, where installed."""
    names = {_DISTRIBUTION}
    names.update(found[0] for text in requires(_DISTRIBUTION) or () if (found := _NAME.match(text)))
    versions: dict[str, str] = {}
    for name in sorted(names):
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def _processor() -> str:
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def now() -> str:
    """The time in UTC, as ISO 8601 with seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def document(
    results: Results, targets: Sequence[Target], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """All that is known about a run.

    :param facts: what does not come from the results, by the names of the schema.
    """
    bases = {kind: _bases(results, kind) for kind in (CONSTANT, FLOOR)}
    return {
        "format": FORMAT,
        **facts,
        "targets": [
            {"name": target.name, "url": target.address.url, "kind": target.kind}
            for target in targets
        ],
        "fills": [_filled(fill) for fill in results.fills],
        "results": [
            _row(row, rounds, results, bases) for row, rounds in results.rounds.items() if rounds
        ],
        "errors": _errors(results),
    }


def _bases(results: Results, kind: str) -> dict[str, float]:
    """Requests per second of the constant or the floor, by case."""
    return {
        row.case.name: _requests(row, rounds)
        for row, rounds in results.rounds.items()
        if row.target.kind == kind and rounds
    }


def _requests(row: Row, rounds: Sequence[Measurement]) -> float:
    return median(each.rate for each in rounds) * row.case.requests


def _row(
    row: Row,
    rounds: Sequence[Measurement],
    results: Results,
    bases: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    """One row; a rate counts units, a share compares requests."""
    case, requests = row.case, _requests(row, rounds)
    latencies = array("d")
    for each in rounds:
        latencies.extend(each.latencies)
    spread = figures.distribution(latencies)
    found = {percent: latency for percent, latency in spread}  # noqa: C416 - dict() takes no lists
    return {
        "case": case.name,
        "summary": case.summary,
        "target": row.target.name,
        "kind": row.target.kind,
        "unit": case.unit,
        "rate": figures.spread([each.rate * case.size for each in rounds]),
        "requests": round(requests, 1),
        "share_of_floor": figures.share(requests, bases[FLOOR].get(case.reference)),
        "share_of_constant": figures.share(requests, bases[CONSTANT].get(POST)),
        "latency": {f"p{percent}": found.get(percent) for percent in (50, 95, 99)},
        "distribution": spread,
        "clients_busy": round(median(each.busy for each in rounds), 2),
        "errors": dict(results.errors[row]),
    }


def _filled(fill: Filled) -> dict[str, Any]:
    return {
        "case": fill.row.case.name,
        "target": fill.row.target.name,
        "unit": fill.unit,
        "count": fill.count,
        "seconds": round(fill.seconds, 2),
        "rate": round(fill.count / fill.seconds, 1),
    }


def _errors(results: Results) -> list[dict[str, Any]]:
    """What went wrong anywhere, filling and clearing away included."""
    return [
        {"case": row.case.name, "target": row.target.name, "error": error, "count": count}
        for row, errors in results.errors.items()
        for error, count in sorted(errors.items())
    ]
