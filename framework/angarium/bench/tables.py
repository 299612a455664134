"""The tables of the report: all figures, and how they were measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

COLUMNS: Final = (
    "workload", "target", "unit",
    "per second", "quartiles", "range", "of floor", "of constant",
    "p50 ms", "p95 ms", "p99 ms", "clients' CPU", "errors",
)  # fmt: skip
"""The titles of the columns."""

TEXTS: Final = 3
"""How many columns in front are no numbers."""


def number(value: float | None, form: str = ",.0f") -> str:
    """A number for people, with the exact one beside it."""
    return "" if value is None else f'<data value="{value}">{value:{form}}</data>'


def figures(whole: Mapping[str, Any]) -> Iterator[str]:
    """All results, and what was made before them."""
    yield '<section id="figures"><h2>Figures</h2><div class="scroll"><table><thead><tr>'
    yield "".join(f"<th>{escape(title)}</th>" for title in COLUMNS)
    yield "</tr></thead><tbody>"
    for row in whole["results"]:
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(row))}</tr>"
    yield "</tbody></table></div>"
    for fill in whole["fills"]:
        text = escape("{unit} for {case} at {target}".format(**fill))
        yield (
            f'<p class="quiet">Made before: {number(fill["count"])} {text}, '
            f"{number(fill['rate'])} per second.</p>"
        )
    yield "</section>"


def _cells(row: Mapping[str, Any]) -> Iterator[str]:
    rate, latency = row["rate"], row["latency"]
    for name in ("case", "target", "unit"):
        yield escape(row[name])
    yield number(rate["median"])
    yield " … ".join(number(value) for value in rate["quartiles"])
    yield f"{number(rate['least'])} … {number(rate['most'])}"
    yield number(row["share_of_floor"], ".0%")
    yield number(row["share_of_constant"], ".0%")
    for name in ("p50", "p95", "p99"):
        yield number(latency[name], ",.1f")
    yield number(row["clients_busy"], ".0%")
    errors = sum(row["errors"].values())
    yield f'<span class="bad">{number(errors)}</span>' if errors else number(0)


def facts(whole: Mapping[str, Any]) -> Iterator[str]:
    """Command, targets, machine, versions and settings."""
    machine = whole["machine"]
    known = {
        "Command": f"<code>{escape(whole['command'])}</code>",
        "Targets": ", ".join(
            escape("{name} ({url})".format(**target)) for target in whole["targets"]
        ),
        "Clients alone": f"{number(whole['client_ceiling'])} requests per second",
        "Machine": escape(
            "{processors} processors ({processor}), {system}, Python {python}, "
            "load before {load_before}".format(**machine)
        ),
        "Versions": _listed(machine["packages"]),
        "Settings": _listed(whole["settings"]),
    }
    yield '<section id="facts"><h2>How it was measured</h2><dl>'
    yield "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in known.items())
    yield "</dl></section>"


def _listed(values: Mapping[str, Any]) -> str:
    texts = (f"{name} {_text(value)}" for name, value in values.items())
    return escape(", ".join(texts))


def _text(value: Any) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
