"""The figures of a run as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any, Final

from angarium.bench import charts, tables
from angarium.bench.session import API
from angarium.bench.tables import number

_SERIES: Final = 6
_HOW_TO_READ: Final = {
    "rates": "Bar and heavy line: median of the rounds. Box: the middle half of them. Thin line: "
    "from the slowest to the fastest. Where boxes overlap, the difference means little.",
    "shares": "Requests per second, compared with a Flask route on the same HTTP server whose only "
    "work is one write to the same back end (dashed line).",
    "latencies": "How many of all operations (up) were done within so many milliseconds (right, "
    "logarithmic).",
}

Row = Mapping[str, Any]


def render(whole: Mapping[str, Any]) -> str:
    """The page.

    :param whole: the document of a run.
    """
    colours = _colours(whole["targets"])
    body = [
        "<h1>Angarium bench</h1>",
        f'<p class="quiet">{escape(whole["started"])}, {whole["seconds"]:,.0f} s</p>',
        *_warnings(whole),
        *_rates(whole["results"], colours),
        *_shares(whole["results"], colours),
        *_latencies(whole["results"], colours),
        *tables.figures(whole),
        *tables.facts(whole),
    ]
    style = resources.files(__package__).joinpath("page.css").read_text()
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>Angarium bench</title><style>\n{style}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _colours(targets: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The class of each target: comparisons have one of their own, the others take turns."""
    found: dict[str, str] = {}
    for target in targets:
        taken = sum(kind.startswith("s") for kind in found.values())
        found[target["name"]] = f"s{taken % _SERIES}" if target["kind"] == API else target["kind"]
    return found


def _warnings(whole: Mapping[str, Any]) -> Iterator[str]:
    if not whole["complete"]:
        yield '<p class="bad">This run ended early: some rounds are missing.</p>'
    for error in whole["errors"]:
        text = escape("{error}: {case} at {target}".format(**error))
        yield f'<p class="bad">{number(error["count"])} times {text}</p>'


def _by_case(rows: Sequence[Row]) -> dict[str, list[Row]]:
    cases: dict[str, list[Row]] = {}
    for row in rows:
        cases.setdefault(row["case"], []).append(row)
    return cases


def _section(kind: str, title: str, figures: Sequence[str]) -> Iterator[str]:
    if figures:
        yield f'<section id="{kind}"><h2>{title}</h2><p class="quiet">{_HOW_TO_READ[kind]}</p>'
        yield f'<div class="panels">{"".join(figures)}</div></section>'


def _entry(row: Row, colour: str, value: str, plot: str) -> str:
    return (
        f'<div class="entry {colour}"><span class="name">{escape(row["target"])}</span>'
        f'<span class="value">{value}</span>{plot}</div>'
    )


def _rates(rows: Sequence[Row], colours: Mapping[str, str]) -> Iterator[str]:
    figures = []
    for case, members in _by_case(rows).items():
        top = max(row["rate"]["most"] for row in members)
        entries = [
            _entry(
                row,
                colours[row["target"]],
                f"{number(row['rate']['median'])}/s",
                charts.spread(row["rate"], top),
            )
            for row in members
        ]
        caption = f"{members[0]['summary']}; {members[0]['unit']} per second"
        figures.append(_figure(case, caption, "".join(entries)))
    yield from _section("rates", "Rates", figures)


def _shares(rows: Sequence[Row], colours: Mapping[str, str]) -> Iterator[str]:
    figures = []
    for case, members in _by_case(rows).items():
        shown = [row for row in members if row["kind"] == API and row["share_of_floor"] is not None]
        if shown:
            top = max(1.0, *(row["share_of_floor"] for row in shown))
            entries = [
                _entry(
                    row,
                    colours[row["target"]],
                    number(row["share_of_floor"], ".0%"),
                    charts.share(row["share_of_floor"], top),
                )
                for row in shown
            ]
            figures.append(_figure(case, shown[0]["summary"], "".join(entries)))
    yield from _section("shares", "Share of the floor", figures)


def _latencies(rows: Sequence[Row], colours: Mapping[str, str]) -> Iterator[str]:
    figures = []
    for case, members in _by_case(rows).items():
        shown = [row for row in members if row["distribution"]]
        if shown:
            figures.append(_figure(case, members[0]["summary"], _curves(shown, colours)))
    yield from _section("latencies", "Latencies", figures)


def _curves(rows: Sequence[Row], colours: Mapping[str, str]) -> str:
    curves = charts.Curves([row["distribution"] for row in rows])
    drawn = curves.draw([(colours[row["target"]], row["distribution"]) for row in rows])
    up = "".join(f"<span>{percent}%</span>" for percent in (100, 75, 50, 25, 0))
    ticks = "".join(
        f'<span style="left:{place:.1f}%">{milliseconds:g} ms</span>'
        for place, milliseconds in curves.ticks
    )
    names = "".join(
        f'<span class="{colours[row["target"]]}">{escape(row["target"])}</span>' for row in rows
    )
    return (
        f'<div class="plot"><div class="up">{up}</div>{drawn}<div class="ticks">{ticks}</div></div>'
        f'<div class="legend">{names}</div>'
    )


def _figure(title: str, caption: str, content: str) -> str:
    return (
        f"<figure><h3>{escape(title)}</h3><figcaption>{escape(caption)}</figcaption>"
        f"{content}</figure>"
    )
