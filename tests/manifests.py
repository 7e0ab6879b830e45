"""What two runs of dbt have to agree on in `manifest.json`, and where two such files differ."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OWN = frozenset(
    {"generated_at", "invocation_id", "invocation_started_at", "run_started_at", "user_id"}
)
"""Keys of `metadata` that name the run itself."""
TIMES = frozenset({"created_at"})
UNORDERED = frozenset({"macros", "nodes", "refs", "sources"})
"""Lists that dbt makes of sets: their order differs from one parse to the next
(`populate` in dbt/parser/models.py, dbt-core 1.11, of what dbt-extractor found)."""
WORKSPACE = re.compile(r"dbt-runner-\w{8}")
"""A run's private folder, which compiled files are named by."""


def comparable(file: Path, names: Mapping[str, str]) -> Any:
    """A manifest without times and ids.

    Args:
        names: what differs between two runs by right, such as the project's folder -> what to put
            in its place.
    """
    text = file.read_text(encoding="utf-8")
    for old, new in names.items():
        text = text.replace(old, new)
    manifest = json.loads(WORKSPACE.sub("WORKSPACE", text))
    manifest["metadata"] = {k: v for k, v in manifest["metadata"].items() if k not in OWN}
    # ours, by which what a run wrote is found again
    manifest["metadata"]["env"].pop("DBT_RUNNER_ATTEMPT", None)
    # in the order in which files were found, which is the file system's
    for graph in ("parent_map", "child_map", "group_map"):
        manifest[graph] = {name: sorted(found) for name, found in manifest[graph].items()}
    return _without_times(manifest)


def differences(left: Any, right: Any, place: str = "") -> list[str]:
    """Where two manifests differ, a line for each place; empty if they are equal."""
    if isinstance(left, dict) and isinstance(right, dict):
        keys = sorted(left.keys() | right.keys())
        found = (
            differences(left.get(key, "(absent)"), right.get(key, "(absent)"), f"{place}/{key}")
            for key in keys
        )
        return [line for lines in found for line in lines]
    return [] if left == right else [f"{place}: {left!r} is not {right!r}"]


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _in_order(item) if key in UNORDERED else _without_times(item)
            for key, item in value.items()
            if key not in TIMES
        }
    if isinstance(value, list):
        return [_without_times(item) for item in value]
    return value


def _in_order(value: Any) -> Any:
    return sorted(value, key=json.dumps) if isinstance(value, list) else _without_times(value)
