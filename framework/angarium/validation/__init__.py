"""Requests checked by JSON Schema (contract, ``rest-v2.md`` 1.2 to 1.7).

The documents are those of :mod:`angarium.schemas`. That of an action describes an object with the
parts ``headers``, ``path``, ``query`` and ``body``, each as far as the action looks at it. They are
JSON Schema 2020-12, in which only what is written as an integer is one: neither ``true`` nor
``300.0``. Annotations say what the standard has no words for:

``"x-limits": {"maximum": "max_message_ttl"}``
    The keyword beside it takes the value of that :class:`~angarium.limits.Limits` attribute at
    start. The document itself holds the default.

``"x-when": {"message_delete_with_claim_id": {...}}``
    Where that attribute is true, this schema applies in addition.

``"x-errors": {"<keyword>": {"title": "...", "rank": 1, "description": "..."}}``
    What the client gets when the keyword beside it refuses: the error with this title of the wire,
    and this text, in which ``{field}`` stands for the name of the field. Among several problems the
    lowest rank decides, then the order of the document. ``"*"`` stands for all keywords, those of
    the schemas inside included. Members that are left out are those of the next ``"*"`` outside;
    failing that, a wrong shape (``type``, ``required``, ``additionalProperties``) has rank 10 and
    is an ``Invalid request body`` in a body, everything else has rank 20 and is an ``Invalid API
    request``, and the text is made from the field and the rule.

``"x-max-bytes": "max_queue_metadata"``
    How large the body may be as it comes; ``x-errors`` may name its title as for a keyword.

``"x-parameter": "metadata"``
    The body as a whole is this parameter; otherwise its members are parameters.

``"contentMediaType"``
    (standard) The only media type in which the body may come.

The format ``client-id`` is a UUID, or a string of permitted length: see ``client_id_uuid_safe``.

A compiled validator decides. Only when it refuses does the reference implementation look, find the
problems, and have the last word.
"""

from angarium.validation.library import SchemaLibrary
from angarium.validation.part import Part
from angarium.validation.request import MISSING, RequestSchema

__all__ = ["MISSING", "Part", "RequestSchema", "SchemaLibrary"]
