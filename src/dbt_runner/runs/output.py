"""Attempts as a table or lines for people, and as JSON lines for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dbt_runner.report.sink import Sink
from dbt_runner.runs.account import Account

_STYLES = {"success": "green", "failed": "red", "error": "red", "broken": "red", "lost": "red"}
_COLUMNS = ("attempt", "start (UTC)", "run type", "place", "status", "nodes", "elapsed", "resumed")


class Lines:
    """One JSON object for each thing that is told."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def table(self, accounts: Iterable[Account]) -> None:
        """One line for each attempt, as soon as it is known."""
        for account in accounts:
            self._say("attempt.listed", asdict(account))

    def details(self, told: Mapping[str, Any]) -> None:
        """One line with everything."""
        self._say("attempt.shown", told)

    def removed(self, accounts: Iterable[Account], *, dry: bool) -> None:
        """One line for each attempt."""
        for account in accounts:
            self._say("attempt.expired" if dry else "attempt.removed", asdict(account))

    def _say(self, event: str, facts: Mapping[str, Any]) -> None:
        line = json.dumps({"event": event, **facts}, ensure_ascii=False, default=str)
        self._sink.write(f"{line}\n")


class Page:
    """Text for a person; what a terminal would act on is not among it."""

    def __init__(self, sink: Sink) -> None:
        width = None if sink.isatty() else 160
        self._console = Console(file=sink, highlight=False, width=width)  # type: ignore[arg-type]

    def table(self, accounts: Iterable[Account]) -> None:
        """A table, or one line if it would be empty."""
        table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in _COLUMNS:
            table.add_column(name, justify="right" if name == "elapsed" else "left")
        for account in accounts:
            table.add_row(*map(Text, _cells(account)), style=_STYLES.get(account.status))
        if table.row_count:
            self._console.print(table)
        else:
            self._console.print("no attempts")

    def removed(self, accounts: Iterable[Account], *, dry: bool) -> None:
        """One line for each attempt, and one that counts them."""
        gone = list(accounts)
        for account in gone:
            self._line("  ".join(_cells(account)[:5]))
        self._line(f"{len(gone)} {'would be removed' if dry else 'removed'}")

    def details(self, told: Mapping[str, Any]) -> None:
        """A block for each matter."""
        code = told["exit_code"]
        ended = f"{told['status']}{f', exit code {code}' if code else ''}"
        self._field("attempt", f"{told['attempt']}  {ended}{_not_complete(told)}")
        self._field("run type", told["run_type"])
        self._field("place", f"{told['target']}: {told['catalog']}.{told['target_schema']}")
        self._field("started", told["started_at"])
        self._field("elapsed", _seconds(told["elapsed_s"]))
        self._field("resumed from", told["resumed_from"])
        self._field("resume key", told["resume_key"])
        self._field("error", told["error"])
        versions = told["versions"] or {}
        self._field("versions", ", ".join(f"{name} {text}" for name, text in versions.items()))
        self._field("commit", told["commit"])
        for command in told["commands"]:
            self._field("command", f"{command['command']}  ({_planned(command)})")
        nodes = {name: count for name, count in (told["nodes"] or {}).items() if count}
        self._field("nodes", ", ".join(f"{name} {count}" for name, count in nodes.items()))
        settings = told["settings"] or {}
        self._field("settings", "\n".join(f"{name}: {value}" for name, value in settings.items()))
        failures = [_failure(item) for item in told["failed"]]
        self._field("failed", "\n".join(failures))
        self._field("files", told["folder"])
        files = [f"{size:>12,}  {path}" for path, size in told["files"].items()]
        if told["compiled_files"]:
            files.append(f"{told['compiled_files']:>12,}  files of compiled SQL")
        self._field("", "\n".join(files))

    def _field(self, name: str, value: object) -> None:
        for number, line in enumerate(str(value or "").splitlines()):
            self._line(f"{'' if number else name:<14}{line}")

    def _line(self, text: str) -> None:
        shown = "".join(sign if sign.isprintable() else " " for sign in text)
        self._console.print(Text(shown), soft_wrap=True)


def _cells(account: Account) -> list[str]:
    done = "" if account.nodes_total is None else f"{account.nodes_done}/{account.nodes_total}"
    return [
        account.attempt,
        account.started_at[:19].replace("T", " "),
        account.run_type or "?",
        account.place,
        account.status + _not_complete(asdict(account)),
        done,
        _seconds(account.elapsed_s),
        account.resumed_from or "",
    ]


def _not_complete(told: Mapping[str, Any]) -> str:
    """A remark on an attempt that ended, but of which not all was stored."""
    return ", not complete" if told["exit_code"] is not None and not told["complete"] else ""


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _planned(command: Mapping[str, Any]) -> str:
    nodes = command["nodes"]
    if nodes is None:
        return "not planned"
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(nodes.items()))
    return f"{counts or 'no nodes'}; {command['relations']} relations"


def _failure(item: Mapping[str, Any]) -> str:
    lines = [f"{item.get('status')}  {item.get('unique_id')}"]
    lines += [f"    {line.strip()}" for line in str(item.get("message") or "").splitlines()]
    return "\n".join(lines)
