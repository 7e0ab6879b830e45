"""References such as `{{job.run_id}}`, which Databricks fills in when a task starts.

Source: docs, jobs, "dynamic value references". Names with other than letters, digits and `_` stand
in backticks, in older texts in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dbt_runner.bundle.nearest import nearest

_NAME = r"(?:`[^`]*`|\[[^\]]*\]|[\w-]+)"
_REFERENCE = re.compile(rf"\{{\{{\s*({_NAME}(?:\.{_NAME})*)\s*\}}\}}")

# Name → the names that may follow it; an empty mapping: none, None: whatever the job has there.
_END: Mapping[str, Any] = {}
_TIME: Mapping[str, Any] = dict.fromkeys(
    (
        "iso_weekday",
        "is_weekday",
        "iso_date",
        "iso_datetime",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "timestamp_ms",
    ),
    _END,
)
_OF_A_TASK: Mapping[str, Any] = {
    **dict.fromkeys(
        ("run_id", "execution_count", "result_state", "error_code", "notebook_path"), _END
    ),
    **dict.fromkeys(("values", "output")),
}
_KNOWN: Mapping[str, Any] = {
    "job": {
        **dict.fromkeys(("id", "name", "run_id", "repair_count"), _END),
        "start_time": _TIME,
        "parameters": None,
        "trigger": {
            "type": _END,
            "time": _TIME,
            **dict.fromkeys(("file_arrival", "table_update", "model")),
        },
    },
    "task": dict.fromkeys(("name", "run_id", "execution_count", "notebook_path"), _END),
    "workspace": dict.fromkeys(("id", "url"), _END),
    "input": None,
    "backfill": None,
    # deprecated, and still filled in
    **dict.fromkeys(
        (
            "job_id",
            "run_id",
            "parent_run_id",
            "start_date",
            "start_time",
            "task_key",
            "task_retry_count",
        ),
        _END,
    ),
}


@dataclass(frozen=True)
class Reference:
    """One reference: `parts` are its names, without backticks and brackets."""

    parts: tuple[str, ...]

    @property
    def parameter(self) -> str:
        """Name of the job parameter that it stands for; empty if it is none."""
        return ".".join(self.parts[2:]) if self.parts[:2] == ("job", "parameters") else ""

    def __str__(self) -> str:
        return f"{{{{{'.'.join(self.parts)}}}}}"


def references(text: str) -> list[Reference]:
    """The references in a text."""
    return [_reference(found) for found in _REFERENCE.findall(text)] if "{{" in text else []


def _reference(inner: str) -> Reference:
    return Reference(tuple(name.strip("`[]") for name in re.findall(_NAME, inner)))


def hands_on(text: str) -> str:
    """Name of the job parameter that a text hands on as it is; empty if it does anything else."""
    found = _REFERENCE.fullmatch(text.strip())
    return _reference(found[1]).parameter if found else ""


@dataclass(frozen=True)
class Fault:
    """Why a reference stands for nothing, and the name that was probably meant, if any."""

    reason: str
    fix: str


@dataclass(frozen=True)
class Known:
    """What the references in one job may name."""

    names: Mapping[str, Any]

    def fault(self, reference: Reference) -> Fault | None:
        """What is wrong with a reference: a wrong name of a known namespace fails the task."""
        names: Mapping[str, Any] | None = self.names
        for i, name in enumerate(reference.parts):
            if names is None:
                return None
            if name not in names:
                end = "is a reference in no known namespace, and arrives as it is written"
                reason = "is no reference that Databricks knows, and fails the task" if i else end
                if reference.parts[:i] == ("tasks",):
                    reason = f"refers to the task {name}, which the job does not have"
                return Fault(reason, nearest(name, names))
            names = names[name]
        return Fault("is only the beginning of a reference", "") if names else None


def known(tasks: Iterable[str] | None) -> Known:
    """What there is to refer to in a job.

    Args:
        tasks: keys of its tasks; None where the files do not say them all.
    """
    return Known({**_KNOWN, "tasks": None if tasks is None else dict.fromkeys(tasks, _OF_A_TASK)})
