"""One part of a request, checked: the compiled validator decides, the reference explains."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from angarium.errors import ApiError, InvalidBody
from angarium.validation.documents import Schema
from angarium.validation.formats import Format
from angarium.validation.validators import Validator
from angarium.validation.verdict import BODY, Judge, Subject, subject_in_body

LOG = logging.getLogger(__name__)


class Part:
    """A schema that instances are checked against.

    :ivar schema: expanded, without references.
    """

    def __init__(
        self,
        schema: Schema,
        formats: Mapping[str, Format],
        subject: Subject = subject_in_body,
        place: str = BODY,
    ) -> None:
        self.schema = schema
        self.validator = Validator(schema, formats)
        self._judge = Judge(schema, subject, formats, place)

    def check(self, instance: Any, error: type[ApiError] | None = None) -> None:
        """Accept an instance, or say what is wrong with it.

        :param error: raised in place of the class that the schema names.
        :raises ApiError: the instance is not valid; the description names the field and the rule.
        """
        if self.validator.is_valid(instance):
            return
        refusal = self._refusal(instance)
        if refusal is None:
            return
        raise refusal if error is None else error(refusal.description)

    def _refusal(self, instance: Any) -> ApiError | None:
        """Why, or None if the reference finds nothing: its word counts."""
        try:
            problems = self.validator.problems(instance)
            return self._judge.judge(problems) if problems else None
        except Exception as error:  # the instance is no JSON document, so anything may break
            LOG.debug("a document that cannot be checked: %r", type(error))
            return InvalidBody("The request holds values that cannot be read as JSON.")
