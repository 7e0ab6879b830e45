"""What a run tells while it goes on; the JSON log and the console are told the same."""

from __future__ import annotations

from typing import Any, Protocol

from dbt_runner.execution.results import Record, Results
from dbt_runner.execution.summary import Summary


class Reporter(Protocol):
    """Told about a run from several threads, one call at a time or not."""

    def started(self, facts: dict[str, Any]) -> None:
        """The run begins; facts are its settings without secrets, versions and commit."""

    def notice(self, event: str, *, level: str = "info", **facts: Any) -> None:
        """Something worth a line: a dotted event in the past tense, and its facts."""

    def planned(self, results: Results) -> None:
        """The nodes are known."""

    def node_started(self, record: Record, results: Results) -> None:
        """dbt began to work on a node."""

    def node_finished(self, record: Record, results: Results) -> None:
        """dbt is done with a node."""

    def finished(self, summary: Summary, results: Results) -> None:
        """The run is over; nothing is told after this."""
