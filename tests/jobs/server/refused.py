"""Statements that Spark refuses, since what they are about is Unity Catalog's: noted in its place.

What stands in `KINDS` is all that a SQL task may have refused; anything else fails it. Spark is
asked first, so a kind that it learns is no longer noted, and the test of this list fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of statement.

    Attributes:
        name: as it is printed.
        form: its parts `start`, kept as it is, and `worked_out`: an expression for the rest.
        complaint: what Spark says of it and of nothing else.
    """

    name: str
    form: str
    complaint: str


KINDS = (
    Kind(
        "CREATE VOLUME",
        r"(?P<start>CREATE\s+VOLUME\s.*?)IDENTIFIER\((?P<worked_out>.+)\)",
        "[PARSE_SYNTAX_ERROR] Syntax error at or near 'VOLUME'.",
    ),
    Kind(
        "GRANT by EXECUTE IMMEDIATE",
        r"(?P<start>)EXECUTE\s+IMMEDIATE\s(?P<worked_out>.+)",
        "The statement or clause: GRANT is not valid.",
    ),
)
NAMES = tuple(kind.name for kind in KINDS)


def spelled_out(statement: str, error: str, ask: Callable[[str], str]) -> str | None:
    """What a refused statement would have done, or `None` for one that should not be refused.

    Args:
        error: Spark's words.
        ask: has Spark work out an expression, with the parameters of the task.
    """
    for kind in KINDS:
        found = re.fullmatch(kind.form, statement, re.IGNORECASE | re.DOTALL)
        if found and kind.complaint.lower() in error.lower():
            start = " ".join(found["start"].split())
            return f"{start} {ask(found['worked_out'])}".strip()
    return None
