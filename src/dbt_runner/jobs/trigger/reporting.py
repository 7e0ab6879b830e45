"""What the client's commands print: lines for a person, or one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from dbt_runner.jobs.trigger import preview
from dbt_runner.jobs.trigger.job_run import JobRun, TaskRun
from dbt_runner.jobs.trigger.request import Request
from dbt_runner.redaction import redacted
from dbt_runner.report.sink import Sink

Clock = Callable[[], datetime]


class Report(Protocol):
    """Prints what goes on."""

    def event(self, event: str, **facts: Any) -> None:
        """An event and its facts."""

    def dry_run(self, request: Request, *, wait: bool, timeout: int | None) -> None:
        """A request that is not sent."""

    def ended(self, run: JobRun) -> None:
        """A run as it was last seen."""


def _now() -> datetime:
    return datetime.now(UTC)


class JsonReport:
    """An object a line; that of the run is the last one."""

    def __init__(self, sink: Sink, now: Clock = _now) -> None:
        self._sink, self._now = sink, now

    def event(self, event: str, *, level: str = "info", **facts: Any) -> None:
        """An event and its facts."""
        when = self._now().isoformat(timespec="milliseconds")
        self._write({"timestamp": when, "level": level, "event": event, **facts})

    def dry_run(self, request: Request, *, wait: bool, timeout: int | None) -> None:
        """A request that is not sent."""
        self._write(
            {
                "event": "trigger.dry_run",
                "method": "POST",
                "url": request.url,
                "request": request.body(),
                "curl": preview.as_curl(request),
                "cli": preview.as_cli(request, wait=wait, timeout=timeout),
            }
        )

    def ended(self, run: JobRun) -> None:
        """A run as it was last seen."""
        event = "job_run.finished" if run.outcome else "job_run.left"
        self._write({"event": event, **run.as_dict()})

    def _write(self, content: dict[str, Any]) -> None:
        # an idempotency token is none that opens anything
        token = content.get("idempotency_token")
        shown = redacted(content)
        if "request" in content:
            shown["request"] = content["request"]
        if token is not None:
            shown["idempotency_token"] = token
        self._sink.write(f"{json.dumps(shown, ensure_ascii=False, default=str)}\n")


class ConsoleReport:
    """Lines for a person at a terminal."""

    def __init__(self, sink: Sink, now: Clock = _now) -> None:
        self._sink, self._now = sink, now

    def event(self, event: str, *, level: str = "info", **facts: Any) -> None:
        """An event and its facts."""
        when = self._now().astimezone().strftime("%H:%M:%S")
        told = " ".join(f"{name}={text}" for name, text in facts.items() if text is not None)
        mark = "" if level == "info" else f"{level}: "
        self._write(f"{when} {mark}{event:<20} {told}")

    def dry_run(self, request: Request, *, wait: bool, timeout: int | None) -> None:
        """A request that is not sent."""
        self._sink.write(f"POST {request.url}\n{preview.as_json(request)}\n\n")
        self._sink.write(f"{preview.as_curl(request)}\n\n")
        self._sink.write(f"{preview.as_cli(request, wait=wait, timeout=timeout)}\n")

    def ended(self, run: JobRun) -> None:
        """A run as it was last seen."""
        self._sink.write("\n")
        for line in _closing(run):
            self._write(line)

    def _write(self, line: str) -> None:
        # what comes from elsewhere moves no cursor
        line = str(redacted(line))
        self._sink.write("".join(c if c.isprintable() else " " for c in line) + "\n")


def _closing(run: JobRun) -> Iterable[str]:
    after = f" after {run.seconds:g} s" if run.outcome and run.seconds is not None else ""
    yield f"{run.outcome.name if run.outcome else run.doing}{after}: {run.sentence()}"
    if run.url:
        yield f"run page: {run.url}"
    width = max((len(task.key) for task in run.tasks), default=0)
    for task in run.tasks:
        yield from _task(task, width)
    if run.is_gone:
        return
    if run.outcome is None:
        yield f"next: dbt-runner attach {run.run_id}, or dbt-runner cancel {run.run_id}"
    elif run.exit_code not in {0, 8}:
        yield f"next: dbt-runner repair {run.run_id}"


def _task(task: TaskRun, width: int) -> Iterable[str]:
    result = task.outcome.name if task.outcome else task.doing
    seconds = f"{task.seconds:g} s" if task.seconds is not None else ""
    yield f"  {task.key:<{width}}  {result:<10} {seconds}".rstrip()
    if task.summary:
        yield f"  {'':<{width}}  dbt-runner: {_told(task.summary)}"
    if task.error:
        yield f"  {'':<{width}}  {task.error}"
        if task.url:
            yield f"  {'':<{width}}  {task.url}"


def _told(summary: dict[str, Any]) -> str:
    """The runner's own summary in one line, whatever an older or newer one holds."""
    nodes = summary.get("nodes")
    counts = nodes if isinstance(nodes, dict) else {}
    shown = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    failed = summary.get("failed")
    names = (
        [str(item.get("unique_id")) for item in failed or () if isinstance(item, dict)]
        if isinstance(failed, list)
        else []
    )
    carried = summary.get("carried")
    before = (
        f"{carried} of them before, by attempt {summary.get('resumed_from')}" if carried else ""
    )
    parts = [
        str(summary.get("status")),
        shown,
        before,
        f"failed: {', '.join(names[:10])}" if names else "",
    ]
    return "; ".join(part for part in parts if part)
