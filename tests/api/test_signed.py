"""Share and pre-signed requests (``rest-v2.md`` 5.8 and 1.9, ``notifications.md`` 12)."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.client import UNSET, Api
from tests.api.conftest import SECRET
from tests.api.helpers import bodies, exists, ok, post, refused
from tests.servers import TestClock

FUTURE = "2999-05-06T07:08:09"
Headers = dict[str, str | bytes | None]


def sign(
    paths: Sequence[str], methods: Sequence[str], project: str, expires: str, key: str = SECRET
) -> str:
    """A signature by the recipe of the contract, for values in their normal form."""
    text = "\\n".join([",".join(sorted(paths)), ",".join(sorted(methods)), project, expires])
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed(
    api: Api,
    paths: Sequence[str],
    methods: Sequence[str],
    expires: str = FUTURE,
    changes: Headers | None = None,
) -> Headers:
    """The headers of a pre-signed request; ``changes`` replace some of them."""
    headers: Headers = {
        "URL-Signature": sign(paths, methods, api.project, expires),
        "URL-Expires": expires,
        "URL-Methods": ",".join(methods),
        "URL-Paths": ",".join(paths),
    }
    return {**headers, **(changes or {})}


def presented(credential: dict[str, Any]) -> Headers:
    """The headers that present what a share answered."""
    return {
        "URL-Signature": credential["signature"],
        "URL-Expires": credential["expires"],
        "URL-Methods": ",".join(credential["methods"]),
        "URL-Paths": ",".join(credential["paths"]),
        "X-Project-Id": credential["project"],
    }


def rejected(api: Api, method: str, target: str, headers: Headers, body: Any = UNSET) -> None:
    """The request must get the bare 404 of a credential that does not verify."""
    answer = api.call(method, target, body, headers)
    assert (answer.status, answer.body) == (404, {"title": "404 Not Found"})


def test_the_recipe_gives_the_vectors_of_the_contract() -> None:
    """So that the tests below sign what other implementations sign."""
    expires = "2031-05-06T07:08:09"
    confirm = ["/v2/queues/plums/subscriptions/7c1e/confirm"]
    assert sign(confirm, ["PUT"], "f00d", expires, "orchard") == (
        "93a18a230677cdcd65ad49bf0bff7171d5576780304565422b6db19cd1268c41"
    )
    two = ["/v2/queues/plums/messages", "/v2/queues/plums/claims"]
    assert sign(two, ["POST", "GET"], "f00d", expires, "orchard") == (
        "523c3da71c14c715fa14b2c48a67b86c50e0f201fd960384e9d18d6d9cf49498"
    )


class TestShare:
    """POST …/share."""

    def test_defaults(self, features: Api, queue: str, clock: TestClock) -> None:
        credential = ok(features.queue_share(queue, {}), 200)
        assert set(credential) == {"paths", "methods", "project", "expires", "signature"}
        assert credential["paths"] == [f"/v2/queues/{queue}/messages"]
        assert credential["methods"] == ["GET"]
        assert credential["project"] == features.project
        expires = datetime.strptime(credential["expires"], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        assert abs(expires.timestamp() - time.time() - clock.offset - 86400) <= 3
        assert credential["signature"] == sign(
            credential["paths"], ["GET"], features.project, credential["expires"]
        )
        assert not exists(features, queue)

    def test_paths_and_methods_come_back_sorted(self, features: Api, queue: str) -> None:
        asked = {
            "paths": ["subscriptions", "messages", "claims"],
            "methods": ["POST", "GET", "DELETE", "WHATEVER"],
            "expires": FUTURE,
        }
        credential = ok(features.queue_share(queue, asked), 200)
        base = f"/v2/queues/{queue}"
        assert credential == {
            "paths": [f"{base}/claims", f"{base}/messages", f"{base}/subscriptions"],
            "methods": ["DELETE", "GET", "POST", "WHATEVER"],
            "project": features.project,
            "expires": FUTURE,
            "signature": sign(credential["paths"], credential["methods"], features.project, FUTURE),
        }

    @pytest.mark.parametrize("empty", [None, []])
    def test_null_and_empty_are_the_defaults(self, features: Api, queue: str, empty: Any) -> None:
        credential = ok(features.queue_share(queue, {"paths": empty, "methods": empty}), 200)
        assert credential["paths"] == [f"/v2/queues/{queue}/messages"]
        assert credential["methods"] == ["GET"]

    @pytest.mark.parametrize(
        ("given", "normal"),
        [
            ("2999-05-06T07:08:09", "2999-05-06T07:08:09"),
            ("2999-05-06T07:08:09Z", "2999-05-06T07:08:09"),
            ("2999-05-06T07:08:09+02:00", "2999-05-06T05:08:09"),
            ("2999-05-06T23:08:09-05:30", "2999-05-07T04:38:09"),
            ("2999-05-06T07:08:09.987654", "2999-05-06T07:08:09"),
            ("2999-05-06T07:08:09.987654+00:00", "2999-05-06T07:08:09"),
            ("2999-05-06 07:08:09", "2999-05-06T07:08:09"),
        ],
    )
    def test_the_expiry_is_normalised(
        self, features: Api, queue: str, given: str, normal: str
    ) -> None:
        credential = ok(features.queue_share(queue, {"expires": given}), 200)
        assert credential["expires"] == normal
        assert credential["signature"] == sign(
            credential["paths"], ["GET"], features.project, normal
        )

    @pytest.mark.parametrize(
        "body",
        [
            {"path": ["messages"]},
            {"paths": ["messages"], "project": "other"},
            {"paths": "messages"},
            {"paths": ["message"]},
            {"paths": ["messages", "stats"]},
            {"paths": ["../other/messages"]},
            {"paths": [1]},
            {"paths": [["messages"]]},
            {"paths": {"messages": 1}},
            {"methods": "GET"},
            {"methods": [1]},
            {"methods": {"GET": 1}},
            {"expires": "2001-01-01T00:00:00"},
            {"expires": "tomorrow"},
            {"expires": ""},
            {"expires": "20990506"},
            {"expires": "4102444800"},
            {"expires": 4102444800},
            {"expires": "2999-13-40T00:00:00"},
            {"expires": True},
            {"expires": []},
        ],
    )
    def test_bad_requests(self, features: Api, queue: str, body: dict[str, Any]) -> None:
        refused(features.queue_share(queue, body), 400, "Invalid API request")

    def test_without_a_secret_key(self, api: Api, queue: str) -> None:
        refused(api.queue_share(queue, {}), 400, "Invalid API request")
        refused(api.queue_share(queue), 400, "Invalid request body")


class TestPresignedRequests:
    """A credential in the place of a token."""

    def test_a_shared_credential_works(self, features: Api, queue: str) -> None:
        post(features, queue, "mine")
        asked = {"paths": ["messages", "claims"], "methods": ["GET", "POST", "DELETE"]}
        headers = presented(ok(features.queue_share(queue, asked), 200))
        guest = Api(features.server, "none")
        base = f"/v2/queues/{queue}"
        page = ok(guest.call("GET", f"{base}/messages", headers=headers), 200)
        assert bodies(page["messages"]) == ["mine"]
        identifier = page["messages"][0]["id"]
        ok(guest.call("GET", f"{base}/messages/{identifier}", headers=headers), 200)
        ok(guest.call("POST", f"{base}/claims", {}, headers), 201)
        ok(guest.call("DELETE", f"{base}/messages?ids={identifier}", headers=headers), 204)

    def test_it_grants_its_paths_and_what_lies_below_only(self, features: Api, queue: str) -> None:
        post(features, queue, 1)
        base = f"/v2/queues/{queue}"
        headers = signed(features, [f"{base}/messages"], ["GET", "PUT", "DELETE"])
        ok(features.call("GET", f"{base}/messages", headers=headers), 200)
        ok(features.call("GET", f"{base}/messages?limit=5&echo=true", headers=headers), 200)
        refused(features.call("GET", f"{base}/messages/x", headers=headers), 404, "Not found")
        for target in (
            base,
            f"{base}/stats",
            f"{base}/claims/x",
            f"{base}/messages2",
            f"{base}2/messages",
            f"{base}/messages/x/y",
            "/v2/queues",
            "/v2/",
            "/v2/ping",
        ):
            for method in ("GET", "PUT", "DELETE"):
                rejected(features, method, target, headers)
        assert features.call("GET", "/", headers=headers).status == 300

    def test_it_is_no_pattern(self, features: Api) -> None:
        for signed_path in ("/v2/queues/a.c/messages", "/v2/queues/.*", "/v2/queues/*/messages"):
            headers = signed(features, [signed_path], ["GET"])
            rejected(features, "GET", "/v2/queues/abc/messages", headers)
        headers = signed(features, ["/v2/queues/a"], ["GET"])
        rejected(features, "GET", "/v2/queues/ab", headers)
        ok(features.call("GET", "/v2/queues/a/stats", headers=headers), 200)

    def test_the_routed_path_counts(self, features: Api, queue: str) -> None:
        base = f"/v2/queues/{queue}"
        headers = signed(features, [f"{base}/messages"], ["GET"])
        encoded = f"/v2/%71ueues/{queue}/%6Dessages"
        ok(features.call("GET", encoded, headers=headers), 200)
        rejected(features, "GET", f"{base}/messages%2F..%2Fstats", headers)
        rejected(features, "GET", f"{base}/messages/../stats", headers)

    def test_it_grants_its_methods_only(self, features: Api, queue: str) -> None:
        path = f"/v2/queues/{queue}/messages"
        headers = signed(features, [path], ["GET", "DELETE"])
        body = {"messages": [{"body": 1}]}
        rejected(features, "POST", path, headers, body)
        rejected(features, "PUT", path, headers)
        rejected(features, "get", path, headers)
        ok(features.call("DELETE", f"{path}?pop=1", headers=headers), 200)
        assert not exists(features, queue)

    def test_it_grants_its_project_only(self, features: Api, queue: str) -> None:
        path = f"/v2/queues/{queue}/messages"
        post(features, queue, "mine")
        own = signed(features, [path], ["GET"])
        other = features.other_project()
        rejected(other, "GET", path, own)
        for project in ("", None, features.project + " "):
            if project is None or not project.endswith(" "):
                rejected(features, "GET", path, {**own, "X-Project-Id": project})

    @pytest.mark.parametrize(
        "changes",
        [
            {"URL-Signature": "0" * 64},
            {"URL-Signature": "x"},
            {"URL-Expires": "2999-05-06T07:08:10"},
            {"URL-Expires": "2001-01-01T00:00:00"},
            {"URL-Expires": ""},
            {"URL-Expires": "soon"},
            {"URL-Expires": None},
            {"URL-Methods": "GET,PUT"},
            {"URL-Methods": ""},
            {"URL-Methods": None},
            {"URL-Paths": "/v2/queues/q/messages,/v2/queues"},
            {"URL-Paths": ""},
            {"URL-Paths": None},
        ],
    )
    def test_a_forged_part(self, features: Api, changes: Headers) -> None:
        path = "/v2/queues/q/messages"
        rejected(features, "GET", path, signed(features, [path], ["GET"], changes=changes))
        ok(features.call("GET", path, headers=signed(features, [path], ["GET"])), 200)

    def test_another_key(self, features: Api) -> None:
        path = "/v2/queues/q/messages"
        for key in ("", "other"):
            signature = sign([path], ["GET"], features.project, FUTURE, key)
            headers = signed(features, [path], ["GET"], changes={"URL-Signature": signature})
            rejected(features, "GET", path, headers)

    def test_upper_case_hex_is_another_signature(self, features: Api) -> None:
        path = "/v2/queues/q/messages"
        genuine = sign([path], ["GET"], features.project, FUTURE)
        headers = signed(features, [path], ["GET"], changes={"URL-Signature": genuine.upper()})
        rejected(features, "GET", path, headers)

    def test_order_and_equivalent_spellings_do_not_matter(self, features: Api, queue: str) -> None:
        paths = [f"/v2/queues/{queue}/messages", f"/v2/queues/{queue}/claims"]
        headers = signed(features, paths, ["POST", "GET"])
        for expires in ("2999-05-06T07:08:09Z", "2999-05-06T09:08:09+02:00", FUTURE + ".5"):
            for order in (paths, paths[::-1]):
                presented = {**headers, "URL-Paths": ",".join(order), "URL-Expires": expires}
                ok(features.call("GET", paths[0], headers=presented), 200)

    def test_it_ends_with_its_expiry(self, features: Api, queue: str, clock: TestClock) -> None:
        path = f"/v2/queues/{queue}/messages"
        now = datetime.fromtimestamp(int(time.time()) + clock.offset, UTC)
        expires = (now + timedelta(seconds=100)).strftime("%Y-%m-%dT%H:%M:%S")
        headers = signed(features, [path], ["GET"], expires)
        ok(features.call("GET", path, headers=headers), 200)
        clock.advance(100)
        rejected(features, "GET", path, headers)

    def test_an_empty_signature_is_none(self, features: Api, api: Api, queue: str) -> None:
        for client in (features, api):
            ok(client.call("GET", f"/v2/queues/{queue}", headers={"URL-Signature": ""}), 200)

    def test_nothing_verifies_without_a_secret_key(self, api: Api, queue: str) -> None:
        path = f"/v2/queues/{queue}/messages"
        for key in ("", SECRET, "None"):
            signature = sign([path], ["GET"], api.project, FUTURE, key)
            headers = signed(api, [path], ["GET"], changes={"URL-Signature": signature})
            rejected(api, "GET", path, headers)

    def test_later_steps_apply(self, features: Api, queue: str) -> None:
        path = f"/v2/queues/{queue}/messages"
        headers = signed(features, [path], ["GET", "PUT"])
        refused(
            features.call("GET", path, headers={**headers, "Accept": "image/png"}),
            406,
            "406 Not Acceptable",
        )
        refused(
            features.call("GET", path, headers={**headers, "Client-ID": None}),
            400,
            "Missing header value",
        )
        refused(features.call("PUT", path, headers=headers), 405, "405 Method Not Allowed")
        answer = features.call("GET", f"{path}?limit=0", headers=headers)
        refused(answer, 400, "Invalid API request")

    def test_it_carries_no_roles(self, features: Api, admin: Api) -> None:
        ok(admin.check_node_health(), 200)
        headers = signed(features, ["/v2/health"], ["GET"])
        answer = admin.call("GET", "/v2/health", headers=headers)
        refused(answer, 403, "Not authorized")
