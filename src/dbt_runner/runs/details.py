"""All about one stored attempt."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dbt_runner.runs.account import account
from dbt_runner.store.attempts import Stored


def details(stored: Stored) -> dict[str, Any]:
    """What it was to do, how it ended, and where its files are.

    Returns:
        The fields of its account, and `error`, `settings`, `versions`, `commit`, `commands` (each
        with `command`, `nodes` by resource type or `None` before its plan, and `relations`, how
        many), `nodes` (by status), `failed`, `files` (bytes by path; of what was compiled only how
        many, `compiled_files`).
    """
    facts, summary = stored.facts() or {}, stored.summary() or {}
    files, compiled = _files(stored.folder)
    return {
        **asdict(account(stored)),
        "error": summary.get("lost") or summary.get("error"),
        "settings": facts.get("settings"),
        "versions": summary.get("versions") or facts.get("versions"),
        "commit": facts.get("commit"),
        "commands": _commands(stored, facts),
        "nodes": summary.get("nodes"),
        "failed": summary.get("failed") or [],
        "files": files,
        "compiled_files": compiled,
    }


def _commands(stored: Stored, facts: dict[str, Any]) -> list[dict[str, Any]]:
    plan = stored.plan()
    if plan is None:
        words = facts.get("commands")
        names = words if isinstance(words, list) else []
        return [{"command": name, "nodes": None, "relations": None} for name in names]
    return [_command(command) for command in plan["commands"]]


def _command(command: dict[str, Any]) -> dict[str, Any]:
    nodes = command.get("nodes")
    if not isinstance(nodes, list):
        return {"command": command.get("command"), "nodes": None, "relations": None}
    types = Counter(str(node.get("resource_type")) for node in nodes)
    relations = sum("relation" in node for node in nodes)
    return {"command": command.get("command"), "nodes": dict(types), "relations": relations}


def _files(folder: Path) -> tuple[dict[str, int], int]:
    found, compiled = {}, 0
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder)
        if not file.is_file():
            continue
        if path.parts[0] == "commands" and len(path.parts) > 3:
            compiled += 1
        else:
            found[str(path)] = file.stat().st_size
    return found, compiled
