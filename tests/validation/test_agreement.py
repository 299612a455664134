"""The compiled validator and the reference agree on every instance of the corpus."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from angarium.actions import table
from angarium.codec import encode
from angarium.limits import Limits
from angarium.validation import MISSING, Part, RequestSchema, SchemaLibrary
from tests.validation import corpus, samples

LIBRARIES = {
    "defaults": SchemaLibrary(Limits()),
    "options": SchemaLibrary(
        Limits(client_id_uuid_safe="off", message_delete_with_claim_id=True, max_claim_ttl=100)
    ),
}


def parts_of(request: RequestSchema) -> tuple[Part, Part, Part]:
    return request.headers, request.path, request.arguments


def arguments(query: dict[str, Any], body: Any) -> dict[str, Any]:
    return {"query": query} if body is MISSING else {"query": query, "body": body}


def seeds(library: SchemaLibrary, action: str) -> list[tuple[Part, Any]]:
    kind, pairs = samples.REQUESTS[action]
    headers, path, both = parts_of(library.request(action))
    return [
        (headers, samples.HEADERS),
        (path, samples.PATHS[kind]),
        *((both, arguments(query, body)) for query, body in pairs),
    ]


ALL_SEEDS = [
    (f"{action}-{name}-{index}", part, seed)
    for name, library in LIBRARIES.items()
    for action in samples.REQUESTS
    for index, (part, seed) in enumerate(seeds(library, action))
] + [
    (f"{reference}-{name}-{index}", library.part(reference), seed)
    for name, library in LIBRARIES.items()
    for reference, instances in samples.PARTS.items()
    for index, seed in enumerate(instances)
]


def verdicts(part: Part, instance: Any) -> tuple[bool, bool]:
    return part.validator.is_valid(instance), not part.validator.problems(instance)


def test_there_is_a_sample_of_every_action() -> None:
    assert set(samples.REQUESTS) == {action.name for action in table.ALL}


@pytest.mark.parametrize("action", samples.REQUESTS)
def test_the_samples_are_good(action: str) -> None:
    for part, seed in seeds(LIBRARIES["defaults"], action):
        assert verdicts(part, seed) == (True, True), seed


@pytest.mark.parametrize(
    ("part", "seed"), [it[1:] for it in ALL_SEEDS], ids=[it[0] for it in ALL_SEEDS]
)
def test_one_change(part: Part, seed: Any) -> None:
    for instance in corpus.variants(seed):
        compiled, reference = verdicts(part, instance)
        assert compiled == reference, instance


def test_the_corpus_meets_every_keyword() -> None:
    """Each rule of the request documents refuses something, so none is there for nothing."""
    refusing = {
        (index, tuple(problem.absolute_schema_path))
        for index, (_, part, seed) in enumerate(ALL_SEEDS)
        for instance in corpus.variants(seed)
        for problem in part.validator.problems(instance)
    }
    met = {rule(ALL_SEEDS[index][1], path) for index, path in refusing}
    for name, part, _ in ALL_SEEDS:
        for path in rules(part.schema):
            assert rule(part, path) in met, (name, path)


FILTERS = [library.part(samples.FILTER) for library in LIBRARIES.values()]


def rule(part: Part, path: tuple[Any, ...]) -> tuple[Any, ...]:
    """What tells a rule from all others: its path, or its text where policies repeat themselves."""
    if "_filter" not in path and part not in FILTERS:
        return id(part), path
    holder = part.schema
    for step in path[:-1]:
        holder = holder[step]
    return path[-1], encode(holder)


_RULES = frozenset(
    {
        "anyOf",
        "dependentRequired",
        "enum",
        "format",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "oneOf",
        "pattern",
        "required",
        "type",
    }
)


def rules(schema: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all keywords that can refuse; inside anyOf, oneOf and if none does by itself."""
    if isinstance(schema, list):
        return [it for i, each in enumerate(schema) for it in rules(each, (*path, i))]
    if not isinstance(schema, dict):
        return []
    names = path[-1:] == ("properties",)
    found = []
    for keyword, value in schema.items():
        is_closed = keyword == "additionalProperties" and value is False
        if not names and (keyword in _RULES or is_closed):
            found.append((*path, keyword))
        if names or keyword not in (
            *("anyOf", "oneOf", "not", "if", "x-errors", "enum", "required"),
        ):
            found += rules(value, (*path, keyword))
    return found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Part, Any]:
    """A good instance with several changes, of values from the corpus or of any others."""
    _, part, instance = draw(st.sampled_from(ALL_SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(list(corpus.places(instance))))
        value = draw(st.sampled_from(corpus.VALUES) | JSON)
        how = draw(st.sampled_from((corpus.replaced, corpus.extended)))
        instance = how(instance, place, value)
    return part, instance


@settings(max_examples=300, deadline=None)
@given(damaged())
def test_several_changes(case: tuple[Part, Any]) -> None:
    part, instance = case
    compiled, reference = verdicts(part, instance)
    assert compiled == reference
