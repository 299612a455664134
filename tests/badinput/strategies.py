"""Documents made by machine: any JSON at all, those that a schema accepts, and spoilt ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from angarium.validation.validators import Reference
from tests.badinput.requests import members

Strategy = st.SearchStrategy[Any]
Schema = Mapping[str, Any]

LOWEST: Final = -(2**63)
HIGHEST: Final = 2**63 - 1
TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
LEAVES: Final = (
    st.none()
    | st.booleans()
    | st.integers(LOWEST, HIGHEST)
    | st.integers(-100, 100_000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON: Final = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=15,
)


def documents(schema: Schema) -> Strategy:
    """Documents that a schema accepts."""
    return _values(schema).filter(Reference(dict(schema)).is_valid)


def _values(schema: Schema) -> Strategy:
    """Values that keep to the vocabulary known here: nearly always accepted."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", "object" if members(schema) else None)
    if kinds is None:
        return JSON
    return st.one_of(
        *(_OF_KIND[kind](schema) for kind in ([kinds] if isinstance(kinds, str) else kinds))
    )


def _objects(schema: Schema) -> Strategy:
    needed = schema.get("required", ())
    known = {name: _values(each) for name, each in members(schema).items()}
    declared = st.fixed_dictionaries(
        {name: known[name] for name in needed},
        optional={name: each for name, each in known.items() if name not in needed},
    )
    if schema.get("additionalProperties") is False:
        return declared
    others = st.dictionaries(TEXT.filter(lambda name: name not in known), JSON, max_size=3)
    return st.builds(lambda one, other: {**one, **other}, declared, others)


def _arrays(schema: Schema) -> Strategy:
    return st.lists(
        _values(schema.get("items", {})), min_size=schema.get("minItems", 0), max_size=5
    )


def _strings(schema: Schema) -> Strategy:
    if "pattern" not in schema:
        return TEXT
    return st.from_regex(schema["pattern"].removeprefix("^").removesuffix("$"), fullmatch=True)


_OF_KIND: Final[Mapping[str, Callable[[Schema], Strategy]]] = {
    "null": lambda schema: st.none(),
    "boolean": lambda schema: st.booleans(),
    "integer": lambda schema: st.integers(
        schema.get("minimum", LOWEST), schema.get("maximum", HIGHEST)
    ),
    "string": _strings,
    "array": _arrays,
    "object": _objects,
}


def spoilt(document: Any) -> Strategy:
    """Copies of a document with one thing in it replaced, removed or added."""
    return st.one_of(*_spoilt(document))


def _spoilt(document: Any) -> Iterator[Strategy]:
    yield JSON
    if isinstance(document, dict):
        names = TEXT | st.sampled_from([*document, "limit"])
        yield st.builds(_with_member, st.just(document), names, JSON)
        for name, value in document.items():
            yield st.just({other: each for other, each in document.items() if other != name})
            for inner in _spoilt(value):
                yield st.builds(_with_member, st.just(document), st.just(name), inner)
    if isinstance(document, list):
        yield st.builds(lambda new: [*document, new], JSON)
        for index, value in enumerate(document):
            for inner in _spoilt(value):
                yield st.builds(_with_item, st.just(document), st.just(index), inner)


def _with_member(document: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {**document, name: value}


def _with_item(document: list[Any], index: int, value: Any) -> list[Any]:
    return [*document[:index], value, *document[index + 1 :]]
