"""A run on a terminal: progress while it goes on, one table at the end."""

from __future__ import annotations

import sys
import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dbt_runner.engine.events import GREEN, Status
from dbt_runner.execution.results import Record, Results
from dbt_runner.execution.summary import Summary
from dbt_runner.report.next_command import nearby, next_command
from dbt_runner.report.sink import Sink

SLOWEST = 5
FAILURES = 20
LEVELS = ("debug", "info", "warning", "error")
TOLD = frozenset(
    {"lock.waiting", "relation.dropped", "run.cancelling", "run.resumed", "samples.generating"}
)
"""Notices of level info that a person at a terminal wants to see."""

_STYLES = {
    Status.SUCCESS: "green",
    Status.PASS: "green",
    Status.WARN: "yellow",
    Status.SKIPPED: "yellow",
    Status.CANCELLED: "yellow",
    Status.NOT_STARTED: "yellow",
}


class ConsoleReport:
    """Reports a run to a person.

    Args:
        out: takes the result; progress goes to `err`, if both are terminals.
    """

    def __init__(self, level: str, out: Sink | None = None, err: Sink | None = None) -> None:
        out = out or Sink(sys.stdout)
        err = err or Sink(sys.stderr)
        width = None if out.isatty() else 100
        self._out = Console(file=out, highlight=False, width=width)  # type: ignore[arg-type]
        self._err = Console(file=err, highlight=False, width=width)  # type: ignore[arg-type]
        self._sinks = (out, err)
        self._moves = out.isatty() and err.isatty()
        self._quiet = level in {"warning", "error"}
        self._shown = LEVELS[LEVELS.index(level) :]
        self._live: Live | None = None
        self._results: Results | None = None
        self._began = time.monotonic()
        self._stage = "starting dbt"
        self._chosen: dict[str, Any] = {}

    def started(self, facts: dict[str, Any]) -> None:
        self._chosen = facts["settings"]
        what = f"{self._chosen['run_type']} of {facts['project']} in {facts['place']}"
        if not self._quiet:
            self._say(Text(f"{what}, version {facts['versions']['dbt_runner']}", "bold"))
        if self._moves:
            self._live = Live(
                get_renderable=self._progress,
                console=self._err,
                transient=True,
                refresh_per_second=8,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def notice(self, event: str, *, level: str = "info", **facts: Any) -> None:
        if event == "run.parsing":
            self._stage = "parsing the project"
        if event == "lock.waiting":
            self._stage = "waiting for another run"
        if level not in self._shown or (level == "info" and event not in TOLD):
            return
        shown = ", ".join(f"{name}: {value}" for name, value in facts.items())
        style = "yellow" if level == "warning" else "red" if level == "error" else "cyan"
        self._say(Text(f"{event.replace('.', ' ')}{' - ' if shown else ''}{shown}", style))

    def planned(self, results: Results) -> None:
        self._results = results

    def node_started(self, record: Record, results: Results) -> None:
        """Shown by the progress line, which looks for itself."""

    def node_finished(self, record: Record, results: Results) -> None:
        if record.status in GREEN and (self._quiet or self._live):
            return
        counts = results.counts()
        done = counts["total"] - counts["not_started"]
        line = Text(f"{done:>4}/{counts['total']} ")
        line.append(f"{record.status.value:<10}", _STYLES.get(record.status, "red"))
        line.append(f"{record.seconds:>7.2f} s  {record.node.unique_id}")
        self._say(line)

    def finished(self, summary: Summary, results: Results) -> None:
        if self._live:
            self._live.stop()
            self._live = None
        self._result(summary, results)
        for sink in self._sinks:
            sink.close()

    def _say(self, text: Text) -> None:
        (self._err if self._live else self._out).print(text, soft_wrap=True)

    def _progress(self) -> Text:
        elapsed = time.monotonic() - self._began
        if self._results is None:
            return Text(f"{elapsed:6.1f} s  {self._stage}", "cyan")
        counts = self._results.counts()
        running = self._results.running()
        done = counts["total"] - counts["not_started"]
        text = Text(f"{elapsed:6.1f} s  {done} of {counts['total']}", "cyan")
        names = ", ".join(record.node.name for record in running)
        text.append(f"  {names}", "dim")
        text.no_wrap = True
        text.overflow = "ellipsis"
        return text

    def _result(self, summary: Summary, results: Results) -> None:
        out = self._out
        out.print()
        good = summary.exit_code == 0
        title = Text(summary.status.upper(), "bold green" if good else "bold red")
        title.append(f" after {summary.elapsed_s:.1f} s", "default")
        if not good:
            title.append(f", exit code {summary.exit_code}", "default")
        out.print(title)
        if summary.error:
            out.print(Text(summary.error), soft_wrap=True)
        if summary.nodes:
            out.print(_table(summary, results))
        for item in summary.failed[:FAILURES]:
            self._failure(item, summary)
        if len(summary.failed) > FAILURES:
            out.print(f"and {len(summary.failed) - FAILURES} more")
        if summary.artifacts:
            out.print(Text(f"artifacts: {nearby(summary.artifacts)}"), soft_wrap=True)
        step = next_command(summary, self._chosen)
        if step:
            out.print(Text("next:      ").append(step, "bold"), soft_wrap=True)

    def _failure(self, item: dict[str, Any], summary: Summary) -> None:
        lines = Text(f"{item['status']}  ", "bold red").append(item["unique_id"], "bold default")
        for line in (item["message"] or "").splitlines():
            lines.append(f"\n    {line.strip()}", "default")
        if item.get("hint"):
            lines.append(f"\n    {item['sort']}: {item['hint']}", "cyan")
        if item.get("path"):
            lines.append(f"\n    file: {item['path']}", "dim")
        if item.get("compiled") and summary.artifacts:
            path = nearby(f"{summary.artifacts}/{item['compiled']}")
            lines.append(f"\n    SQL:  {path}", "dim")
        self._out.print(lines, soft_wrap=True)


def _table(summary: Summary, results: Results) -> Table:
    table = Table(
        show_header=True, header_style="bold", box=None, pad_edge=False, padding=(0, 3, 0, 0)
    )
    table.add_column("nodes")
    table.add_column("", justify="right")
    table.add_column("slowest")
    table.add_column("", justify="right")
    counts = [(k, v) for k, v in (summary.nodes or {}).items() if v or k == "total"]
    slowest = sorted(results.records(), key=lambda record: -record.seconds)[:SLOWEST]
    for row in range(max(len(counts), len(slowest))):
        left = counts[row] if row < len(counts) else ("", "")
        right = slowest[row] if row < len(slowest) else None
        table.add_row(
            left[0].replace("_", " "),
            str(left[1]),
            right.node.unique_id if right else "",
            f"{right.seconds:.2f} s" if right else "",
        )
    return table
