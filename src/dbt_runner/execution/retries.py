"""Nodes that failed in passing are tried again, within the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dbt_runner.engine import run_results
from dbt_runner.engine.engine import Engine, Outcome
from dbt_runner.engine.events import NodeFinished, Status
from dbt_runner.execution.results import Record, Results
from dbt_runner.report.reporter import Reporter
from dbt_runner.run_types import Command
from dbt_runner.warehouse.diagnosis import Sort

LONGEST_PAUSE = 60.0

_PASSING = frozenset({Sort.TRANSIENT, Sort.BUSY})


class Retries:
    """Further rounds of one command, each with exactly the nodes that are worth it.

    Args:
        limit: number of rounds.
        wait: lets seconds pass; raises when the run is to end.
        finish: takes a node's result.
    """

    def __init__(
        self,
        engine: Engine,
        results: Results,
        reporter: Reporter,
        limit: int,
        wait: Callable[[float], None],
        finish: Callable[[NodeFinished], None],
    ) -> None:
        self._engine = engine
        self._results = results
        self._reporter = reporter
        self._limit = limit
        self._wait = wait
        self._finish = finish

    def follow(self, number: int, command: Command, folder: Path, outcome: Outcome) -> Outcome:
        """Try again what is worth it; hooks on run start and end run again too.

        The first round's `run_results.json` then tells each node's last result.

        Args:
            number: position of the command.
            folder: the command's own, with the artifacts of its first round.
            outcome: of the first round.
        """
        file = folder / run_results.FILE_NAME
        for count in range(1, self._limit + 1):
            again = self._worth_it(number)
            if not command.is_repeatable or outcome.fault or not again or not file.is_file():
                break
            pause = min(2.0**count, LONGEST_PAUSE)
            self._reporter.notice(
                "nodes.retrying", level="warning", nodes=len(again), retry=count, pause_s=pause
            )
            self._wait(pause)
            place = folder.with_name(f"{folder.name}-retry-{count}")
            state = run_results.select(place / "state", again)
            self._results.repeat(number, again)
            planned = self._results.planned(number)
            outcome = self._engine.execute(command.repeat(state), place, planned)
            for result in outcome.results:
                self._finish(result)
            run_results.replace(file, place / run_results.FILE_NAME)
        return outcome

    def _worth_it(self, number: int) -> frozenset[str]:
        """What failed in passing and may be repeated, and what was skipped because of it alone."""
        records = [record for record in self._results.records() if record.command == number]
        failed = [record for record in records if record.status in {Status.ERROR, Status.FAIL}]
        passing = {record.node.unique_id for record in failed if _is_worth_it(record)}
        lasting = {record.node.unique_id for record in failed} - passing
        blocked = self._engine.behind(lasting)
        again = passing - blocked
        if not again:
            return frozenset()
        skipped = {r.node.unique_id for r in records if r.status is Status.SKIPPED}
        return frozenset(again | (skipped - blocked))


def _is_worth_it(record: Record) -> bool:
    diagnosis = record.diagnosis
    return record.node.idempotent and diagnosis is not None and diagnosis.sort in _PASSING
