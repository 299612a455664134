"""Which route a path belongs to, whatever else the app serves."""

from __future__ import annotations

import pytest

from angarium_rest.routing import PathFlask


@pytest.fixture(scope="module")
def app() -> PathFlask:
    app = PathFlask("example")
    app.add_route("/v2/things/{thing}", lambda **path: f"thing {path}")
    app.add_route("/v2/things/all", lambda **path: f"all {path}")
    app.add_route("/v2/{kind}/{thing}", lambda **path: f"any {path}")
    app.add_url_rule("/elsewhere/<int:number>", "elsewhere", lambda number: f"elsewhere {number}")
    return app


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/v2/things/all", "all {}"),
        ("/v2/things/x%0Ay", "thing {'thing': 'x\\ny'}"),
        ("/v2/things/", "thing {'thing': ''}"),
        ("/v2/others/x", "any {'kind': 'others', 'thing': 'x'}"),
        ("/elsewhere/7", "elsewhere 7"),
    ],
)
def test_the_most_literal_route_answers(app: PathFlask, path: str, answer: str) -> None:
    assert app.test_client().get(path).text == answer


@pytest.mark.parametrize("path", ["/v2/things", "/v2/things/x/", "//v2/things/x", "/elsewhere/x"])
def test_a_similar_path_has_no_route(app: PathFlask, path: str) -> None:
    answer = app.test_client().open(path, base_url="http://localhost")
    assert answer.status_code == 404
