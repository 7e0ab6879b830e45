"""Which values a variable may take: as `runner.yml` declares it, or undeclared."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from dbt_runner.variables import Value, holds_quoting


def _regular(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        msg = f"is no regular expression ({error})"
        raise ValueError(msg) from None
    return text


class Variable(BaseModel):
    """A dbt variable that a run may set, and the values it may take.

    `pattern` must match a text as a whole; without it a text holds no quotes, backslashes,
    semicolons or SQL comments, since a model may well write it into a statement.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["string", "integer", "number", "boolean", "list"]
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    pattern: Annotated[str, AfterValidator(_regular)] | None = None
    values: tuple[str | int | float, ...] | None = None

    @model_validator(mode="after")
    def _bounds_fit_the_type(self) -> Self:
        bounded = self.minimum is not None or self.maximum is not None
        if bounded and self.type not in {"integer", "number", "list"}:
            msg = f"minimum and maximum are of no use with the type {self.type}"
            raise ValueError(msg)
        if self.pattern is not None and self.type not in {"string", "list"}:
            msg = f"pattern is of no use with the type {self.type}"
            raise ValueError(msg)
        return self

    def fault(self, value: Value) -> str | None:
        """Why the value is not allowed, or `None` if it is."""
        if not _is_of(value, self.type):
            return f"must be of type {self.type}"
        if isinstance(value, list):
            faults = (self._scalar_fault(item) for item in value)
            return next((fault for fault in faults if fault), None)
        return self._scalar_fault(value)

    def _scalar_fault(self, value: Value) -> str | None:
        if self.values is not None and value not in self.values:
            return f"must be one of {', '.join(map(str, self.values))}"
        if isinstance(value, int | float):
            if self.minimum is not None and value < self.minimum:
                return f"must be at least {self.minimum:g}"
            if self.maximum is not None and value > self.maximum:
                return f"must be at most {self.maximum:g}"
        elif self.pattern is not None:
            if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
                return f"must match {self.pattern}"
        elif self.values is None and holds_quoting(value):
            return "must not hold quotes, backslashes, semicolons or SQL comments"
        return None


def undeclared_fault(value: Value) -> str | None:
    """Why a value is not allowed for a variable that nobody declared, or `None` if it is."""
    if holds_quoting(value):
        return (
            "holds quotes, a backslash, a semicolon or a SQL comment; if the project expects that, "
            "declare it with a pattern under vars in runner.yml"
        )
    return None


def _is_of(value: Value, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "list":
        return isinstance(value, list) and not any(isinstance(i, list | dict) for i in value)
    return isinstance(value, str)
