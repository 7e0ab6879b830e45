"""The condition task (docs: jobs/conditional-tasks, "If/else condition")."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from jobs.server.errors import Refusal

_NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_OR_EQUAL": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_OR_EQUAL": operator.le,
}


def outcome(settings: dict[str, Any]) -> str:
    """`true` or `false`; equality compares texts, the others numbers: "12.0" is not "12".

    Raises:
        Refusal: a side that has to be a number is none.
    """
    op, left, right = settings["op"], settings["left"], settings["right"]
    if op in ("EQUAL_TO", "NOT_EQUAL"):
        return str((left == right) is (op == "EQUAL_TO")).lower()
    try:
        return str(_NUMBERS[op](float(left), float(right))).lower()
    except ValueError:
        msg = f"{op} compares numbers, not {left!r} and {right!r}"
        raise Refusal(msg) from None
