"""Dynamic value references: `{{job.run_id}}` (docs: jobs/dynamic-value-references)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.server.errors import Refusal

_REFERENCE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_PART = re.compile(r"`([^`]*)`|([^.`]+)")
_TIMES = {
    "iso_date": "%Y-%m-%d",
    "iso_datetime": "%Y-%m-%dT%H:%M:%S",
    "iso_weekday": "%u",
    "year": "%Y",
    "month": "%m",
    "day": "%d",
    "hour": "%H",
    "minute": "%M",
    "second": "%S",
}
_JOB = ("id", "name", "run_id", "repair_count")
_TASK = ("name", "run_id", "execution_count", "notebook_path")
_UPSTREAM = ("run_id", "execution_count", "result_state")
_WORKSPACE = {"id": "1", "url": "bench.cloud.databricks.com"}


@dataclass
class Facts:
    """What references are replaced with.

    Attributes:
        job, task: key → text.
        parameters: of the job.
        start_time: milliseconds.
        tasks: task key → (key → text) of the tasks that have ended, with `values` among them.
        item: of a for-each task; `None` outside of one.
    """

    job: Mapping[str, object] = field(default_factory=dict)
    task: Mapping[str, object] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    trigger: str = "one_time"
    start_time: int = 0
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    item: Any = None

    def find(self, path: list[str]) -> object | None:
        """The value at a path, or `None`."""
        found: object | None = None
        match path:
            case ["job", *keys]:
                found = self._of_job(keys)
            case ["task", key] if key in _TASK:
                found = self.task.get(key)
            case ["tasks", name, "values", key]:
                found = self.tasks.get(name, {}).get("values", {}).get(key)
            case ["tasks", name, key] if key in _UPSTREAM:
                found = self.tasks.get(name, {}).get(key)
            case ["workspace", key]:
                found = _WORKSPACE.get(key)
            case ["input", *keys]:
                found = _inside(self.item, keys)
        return found

    def _of_job(self, path: list[str]) -> object | None:
        match path:
            case ["parameters", name]:
                return self.parameters.get(name)
            case ["start_time", key] | ["trigger", "time", key]:
                return self._time(key)
            case ["trigger", "type"]:
                return self.trigger
            case [key] if key in _JOB:
                return self.job.get(key)
        return None

    def _time(self, key: str) -> str | None:
        if key == "timestamp_ms":
            return str(self.start_time)
        moment = time.gmtime(self.start_time / 1000)
        if key == "is_weekday":
            return str(moment.tm_wday < 5).lower()
        return time.strftime(_TIMES[key], moment) if key in _TIMES else None


def resolve(value: Any, facts: Facts) -> Any:
    """Replace the references in all texts of a value.

    A reference in an unknown namespace stays as it is, without an error; a wrong key in a known
    one is an error ("dynamic value references").

    Raises:
        Refusal: a reference has no value.
    """
    if isinstance(value, dict):
        return {key: resolve(item, facts) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, facts) for item in value]
    return _REFERENCE.sub(lambda it: _text(it, facts), value) if isinstance(value, str) else value


def check(value: Any, facts: Facts) -> None:
    """Refuse what can never have a value, as far as the job's definition tells.

    Job parameters are not looked at: a run may be given more than the job declares (see
    `Switches.accept_undeclared`). Nor is what only a run knows.
    """
    for text in _texts(value):
        for found in _REFERENCE.finditer(text):
            match _parts(found):
                case ["job", "parameters", _] | ["input", *_]:
                    continue
                case ["tasks", name, "values", _] if name in facts.tasks:
                    continue
            _text(found, facts)


def _parts(found: re.Match[str]) -> list[str]:
    return [quoted or plain for quoted, plain in _PART.findall(found[1])]


def _text(found: re.Match[str], facts: Facts) -> str:
    path = _parts(found)
    if path[0] not in {"job", "task", "tasks", "workspace", "input"}:
        return found[0]
    value = facts.find(path)
    if value is None:
        msg = f"reference {found[0]} has no value"
        raise Refusal(msg)
    return value if isinstance(value, str) else json.dumps(value)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _texts(item)]


def _inside(item: Any, keys: list[str]) -> Any:
    for key in keys:
        item = item.get(key) if isinstance(item, dict) else None
    return item
