"""How a script ended, as an error that names it."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from dbt_runner.errors import (
    BusyError,
    Cancelled,
    NodesFailed,
    RunnerError,
    ScriptFailed,
    TimedOut,
    TransientError,
)
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.execution.summary import Summary

_BY_EXIT_STATUS = {
    error.exit_code: error for error in (NodesFailed, TransientError, BusyError, TimedOut)
}
_GREEN = {"success", "pass", "warn", "no-op", "partial success"}


def of_wish(script: Path, cancellation: Cancellation) -> RunnerError:
    """The end that a signal or the time limit made."""
    msg = f"{script.name} was ended: {cancellation.status} by {cancellation.cause}"
    if cancellation.status == "timeout":
        return TimedOut(msg)
    return Cancelled(msg, cancellation.exit_code)


def of_status(
    script: Path, status: int, summary: dict[str, Any] | None, target_path: Path
) -> RunnerError:
    """The end that an exit status other than 0 tells, where nobody wished the script to end.

    Args:
        summary: of the last run of ours in the script.
        target_path: of plain dbt.
    """
    sentence = _sentence(status, summary) or (_told_by_dbt(target_path) if status == 1 else None)
    # nobody wished it: a command's own end, as in `seq 100000 | head -1`
    killer = _signal(status)
    msg = f"{script.name} ended with exit status {status}"
    if sentence or killer:
        msg += f": {sentence or f'signal {killer}'}"
    kind = _BY_EXIT_STATUS.get(status)
    return kind(msg) if kind else ScriptFailed(msg, status)


def _sentence(status: int, summary: dict[str, Any] | None) -> str | None:
    if summary is None or summary.get("exit_code") != status:
        # the script went on after that run, and something else failed
        return None
    return str(summary.get("message") or "") or None


def _told_by_dbt(target_path: Path) -> str | None:
    """The nodes that the last command of plain dbt failed on."""
    try:
        content = json.loads((target_path / "run_results.json").read_text(encoding="utf-8"))
        results = [(str(each["unique_id"]), str(each["status"])) for each in content["results"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    failed = [each for each in results if each[1] not in _GREEN]
    if not failed:
        return None
    return Summary(
        attempt="",
        run_type="",
        target="",
        status="failed",
        exit_code=1,
        nodes={"total": len(results), "success": len(results) - len(failed)},
        # causes first
        failed=[
            {"unique_id": name, "status": status}
            for name, status in sorted(failed, key=lambda each: each[1] == "skipped")
        ],
    ).sentence()


def _signal(status: int) -> str | None:
    try:
        return signal.Signals(status - 128).name if status > 128 else None
    except ValueError:
        return None
