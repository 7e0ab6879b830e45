"""What is known of a stored attempt, whatever is left of it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dbt_runner.engine.events import GREEN
from dbt_runner.store import journal
from dbt_runner.store.attempts import Stored, linked
from dbt_runner.store.journal import Entry
from dbt_runner.store.retention import MAY_GO_ON

ENDS = ("success", "failed", "cancelled", "timeout", "error")
WITHOUT_END = ("going", "unfinished", "lost", "broken")
"""`going`: its process lives on this machine. `unfinished`: it ran elsewhere, and may be going on.
`lost`: it ended without saying so. `broken`: what it left cannot be read."""


@dataclass(frozen=True)
class Account:
    """An attempt as a list tells of it.

    Attributes:
        status: of its summary, one of `ENDS`; else one of `WITHOUT_END`.
        complete: its artifacts are all there; else nothing compares with it.
        nodes_done: nodes that did what they should; `None` before there was a plan.
        elapsed_s: seconds; `None` without a summary.
    """

    attempt: str
    started_at: str
    run_type: str | None
    project: str
    target: str
    catalog: str
    target_schema: str
    status: str
    complete: bool
    exit_code: int | None
    nodes_done: int | None
    nodes_total: int | None
    elapsed_s: float | None
    resumed_from: str | None
    resume_key: str | None
    folder: str

    @property
    def place(self) -> str:
        """Where it ran, in a few letters."""
        return f"{self.target}: {self.catalog}.{self.target_schema}"


def account(stored: Stored) -> Account:
    """Find out about an attempt: read at most its summary, or what there is without one."""
    project, target, catalog, schema = stored.place.parts[-4:]
    summary, facts = stored.summary(), None
    if summary is None:
        facts = stored.facts()
    told: Mapping[str, Any] = summary or facts or {}
    settings = told.get("settings")
    run_type = told.get("run_type") or (
        settings.get("run_type") if isinstance(settings, dict) else None
    )
    done, total = _nodes(summary) if summary else _nodes_so_far(stored)
    return Account(
        attempt=stored.id,
        started_at=_utc(stored.started or 0.0),
        run_type=run_type,
        project=project,
        target=target,
        catalog=catalog,
        target_schema=schema,
        status=_status(stored, summary, facts),
        complete=stored.is_whole,
        exit_code=told.get("exit_code"),
        nodes_done=done,
        nodes_total=total,
        elapsed_s=told.get("elapsed_s"),
        resumed_from=told.get("resumed_from") or (None if summary else _resumed_from(stored)),
        resume_key=told.get("resume_key"),
        folder=str(stored.folder),
    )


def _status(
    stored: Stored, summary: Mapping[str, Any] | None, facts: Mapping[str, Any] | None
) -> str:
    if summary is not None:
        status = summary.get("status")
        return status if status in ENDS else "broken"
    if facts is None or (stored.folder / "summary.json").exists():
        return "broken"
    process = facts.get("process")
    if isinstance(process, dict) and process.get("host") == socket.gethostname():
        return "going" if _lives(process.get("pid")) else "lost"
    key = facts.get("resume_key")
    newest = next(linked(stored.place, key), stored) if isinstance(key, str) else stored
    is_old = time.time() - (stored.started or 0.0) > MAY_GO_ON
    # where a later attempt was begun, whoever began it had seen the end of this one
    return "lost" if is_old or newest.folder.name > stored.folder.name else "unfinished"


def _lives(process: object) -> bool:
    if not isinstance(process, int) or process <= 0:
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _nodes(summary: Mapping[str, Any]) -> tuple[int | None, int | None]:
    nodes = summary.get("nodes")
    if not isinstance(nodes, dict):
        return None, None
    return sum(nodes.get(status.value, 0) for status in GREEN), nodes.get("total")


def _nodes_so_far(stored: Stored) -> tuple[int | None, int | None]:
    plan = stored.plan()
    if plan is None:
        return None, None
    total = sum(len(command.get("nodes") or ()) for command in plan["commands"])
    try:
        carried = [Entry(**item) for item in plan.get("carried", ())]
    except TypeError:
        carried = []
    ends = {entry.key: entry for entry in carried} | journal.read(stored.folder)
    return sum(entry.status in GREEN for entry in ends.values()), total


def _resumed_from(stored: Stored) -> str | None:
    return (stored.plan() or {}).get("resumed_from")


def _utc(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
