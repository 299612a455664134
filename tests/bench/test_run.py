"""One short run of everything against a running server, and what it leaves behind."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from angarium.bench import document
from angarium.bench.cases import WORKLOADS
from tests.bench import commands
from tests.cli import programs
from tests.servers import ServerPark

SIZES = ("--batches", "3", "--depths", "40", "--queues", "1", "--queues", "7", "--claims", "5")
CASES = ["post", "batch-3", "cycle", "paging", "deep-40", "queues-1", "queues-7", "claims-5"]
SCHEMA = Path(document.__file__).with_name("result.json")


@pytest.fixture(scope="module")
def port(park: ServerPark) -> int:
    return park.get("sqlite").port


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def done(port: int, directory: Path) -> subprocess.CompletedProcess[str]:
    url = f"http://127.0.0.1:{port}"
    workloads = [part for name in WORKLOADS for part in ("--workload", name)]
    return commands.bench(
        "--target", f"one={url}", "--target", f"{url}/v2/", "--token", "very-secret",
        "--project", "bench-run", *workloads, *SIZES,
        "--json", directory / "result.json", "--html", directory / "report.html",
    )  # fmt: skip


@pytest.fixture(scope="module")
def result(done: subprocess.CompletedProcess[str], directory: Path) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout + done.stderr
    return commands.result(directory / "result.json")


@pytest.fixture(scope="module")
def page(result: dict[str, Any], directory: Path) -> str:
    return (directory / "report.html").read_text()


def test_every_workload_is_measured_at_every_target(result: dict[str, Any], port: int) -> None:
    found = [(row["case"], row["target"]) for row in result["results"]]
    names = ["one", f"127.0.0.1:{port}"]
    assert found == [
        ("post", "constant"), *((case, name) for case in CASES for name in names)
    ]  # fmt: skip
    assert all(row["rate"]["most"] > 0 for row in result["results"])
    assert all(len(row["rate"]["rounds"]) == 2 for row in result["results"])


def test_nothing_went_wrong(result: dict[str, Any]) -> None:
    assert result["errors"] == []
    assert result["complete"] is True
    assert all(row["errors"] == {} for row in result["results"])


def test_what_is_needed_was_made_before(result: dict[str, Any]) -> None:
    made = Counter((fill["case"], fill["unit"], fill["count"]) for fill in result["fills"])
    assert made == {
        ("paging", "messages", 1000): 2,
        ("deep-40", "messages", 40): 2,
        ("queues-1", "queues", 1): 2,
        ("queues-7", "queues", 7): 2,
        ("claims-5", "messages", 5): 2,
        ("claims-5", "claims", 5): 2,
    }


def test_the_result_follows_its_schema(result: dict[str, Any]) -> None:
    jsonschema.validate(result, json.loads(SCHEMA.read_text()))


def test_shares_compare_requests_with_the_constant(result: dict[str, Any]) -> None:
    rows = {row["case"]: row for row in result["results"] if row["target"] != "one"}
    base = next(row for row in result["results"] if row["target"] == "constant")
    for case, requests in (("post", 1), ("batch-3", 1 / 3), ("cycle", 3)):
        row = rows[case]
        assert row["requests"] == pytest.approx(row["rate"]["median"] * requests, abs=0.2)
        share = row["requests"] / base["requests"]
        assert row["share_of_constant"] == pytest.approx(share, abs=0.002)
        assert row["share_of_floor"] is None


def test_no_queue_stays(result: dict[str, Any], port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {**programs.HEADERS, "X-Project-Id": "bench-run"}
    connection.request("GET", "/v2/queues", headers=headers)
    answer = connection.getresponse()
    assert json.loads(answer.read())["queues"] == []
    connection.close()


def test_the_table_shows_every_row(
    done: subprocess.CompletedProcess[str], result: dict[str, Any]
) -> None:
    lines = [line.split() for line in done.stdout.splitlines()]
    for row in result["results"]:
        begin = [row["case"], row["target"], row["unit"], f"{row['rate']['median']:,.0f}"]
        assert begin in [line[:4] for line in lines]
    assert "the clients alone: " in done.stderr
    assert "round 2 of 2: " in done.stderr
    assert "filling deep-40 at one: 40 messages in " in done.stderr


def test_no_secret_is_written(
    done: subprocess.CompletedProcess[str], result: dict[str, Any], page: str
) -> None:
    for text in (json.dumps(result), page, done.stdout, done.stderr):
        assert "very-secret" not in text
    assert "--token '***'" in result["command"]


def test_the_report_is_well_formed_and_needs_nothing_else(page: str) -> None:
    ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    assert not re.search(r"(src|href)\s*=|url\(|@import|<script|<link|<iframe", page)
    assert "width=device-width" in page
    assert "prefers-color-scheme: dark" in page


def test_the_report_shows_the_figures_of_the_result(page: str, result: dict[str, Any]) -> None:
    tree = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    rows = tree.findall(".//section[@id='figures']//tbody/tr")
    assert len(rows) == len(result["results"])
    for shown, row in zip(rows, result["results"], strict=True):
        texts = ["".join(cell.itertext()) for cell in shown.findall("td")]
        assert texts[:3] == [row["case"], row["target"], row["unit"]]
        assert [float(data.attrib["value"]) for data in shown.iter("data")] == expected(row)
    figures = tree.findall(".//section[@id='rates']//figure")
    assert ["".join(figure.findall("h3")[0].itertext()) for figure in figures] == CASES
    rates = [float(data.attrib["value"]) for figure in figures for data in figure.iter("data")]
    assert rates == [row["rate"]["median"] for row in result["results"]]


def expected(row: dict[str, Any]) -> list[float]:
    rate, latency = row["rate"], row["latency"]
    found = [
        rate["median"], *rate["quartiles"], rate["least"], rate["most"],
        row["share_of_floor"], row["share_of_constant"],
        latency["p50"], latency["p95"], latency["p99"], row["clients_busy"], 0,
    ]  # fmt: skip
    return [value for value in found if value is not None]


def test_the_report_tells_how_it_was_measured(page: str, result: dict[str, Any]) -> None:
    tree = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    facts = "".join(tree.findall(".//section[@id='facts']")[0].itertext())
    assert result["command"] in facts
    assert result["machine"]["python"] in facts
    assert result["machine"]["packages"]["granian"] in facts
    assert result["started"] in "".join(tree.itertext())
