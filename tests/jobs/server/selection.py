"""Which tasks of a job run: all, or those that `only` of run-now names."""

from __future__ import annotations

import re
from typing import Any

from jobs.server.errors import Refusal

_WORD = re.compile(r"(\+?)(.*?)(\+?)")


def chosen(settings: dict[str, Any], only: list[str] | None) -> list[str]:
    """Keys of the tasks that run: all, or those of `only` (`a`, `+a` with what it needs, `a+`)."""
    above = {
        task["task_key"]: [item["task_key"] for item in task.get("depends_on", ())]
        for task in settings.get("tasks", ())
    }
    if not only:
        return list(above)
    below = {key: [other for other in above if key in above[other]] for key in above}
    found: set[str] = set()
    for word in only:
        found_word = _WORD.fullmatch(word)
        before, key, after = found_word.groups() if found_word else ("", word, "")
        if key not in above:
            msg = f"only: there is no task {key}"
            raise Refusal(msg)
        found.add(key)
        found |= reach(key, above) if before else set()
        found |= reach(key, below) if after else set()
    return [key for key in above if key in found]


def reach(key: str, edges: dict[str, list[str]]) -> set[str]:
    """Everything that can be reached from a key."""
    found: set[str] = set()
    waiting = list(edges[key])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += edges[other]
    return found
