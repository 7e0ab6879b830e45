"""Nodes that failed in passing are tried again, within the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from dbt_runner.engine.engine import Engine, Outcome
from dbt_runner.engine.events import NodeFinished, Status
from dbt_runner.execution.results import Record, Results
from dbt_runner.report.reporter import Reporter
from dbt_runner.run_types import Command
from dbt_runner.warehouse.diagnosis import Sort

RUN_RESULTS = "run_results.json"
LONGEST_PAUSE = 60.0

_COMMANDS = frozenset({"build", "run", "seed", "snapshot", "test"})
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
        file = folder / RUN_RESULTS
        for count in range(1, self._limit + 1):
            again = self._worth_it(number)
            if command.name not in _COMMANDS or outcome.fault or not again or not file.is_file():
                break
            pause = min(2.0**count, LONGEST_PAUSE)
            self._reporter.notice(
                "nodes.retrying", level="warning", nodes=len(again), retry=count, pause_s=pause
            )
            self._wait(pause)
            place = folder.with_name(f"{folder.name}-retry-{count}")
            _write_state(file, place / "state", again)
            self._results.repeat(number, again)
            outcome = self._engine.execute(command.repeat(place / "state"), place)
            for result in outcome.results:
                self._finish(result)
            _merge(place / RUN_RESULTS, file)
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


def _write_state(file: Path, folder: Path, unique_ids: Iterable[str]) -> None:
    """Write results of which dbt's selector `result:error` selects exactly these nodes."""
    content = json.loads(file.read_text(encoding="utf-8"))
    wanted = set(unique_ids)
    results = [result for result in content["results"] if result["unique_id"] in wanted]
    for result in results:
        result["status"] = "error"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**content, "results": results})
    (folder / RUN_RESULTS).write_text(text, encoding="utf-8")


def _merge(later: Path, earlier: Path) -> None:
    """Put the later results in the place of the earlier ones, in the earlier file."""
    if not later.is_file():
        return
    content = json.loads(earlier.read_text(encoding="utf-8"))
    news = json.loads(later.read_text(encoding="utf-8"))["results"]
    by_id = {result["unique_id"]: result for result in news}
    content["results"] = [by_id.get(old["unique_id"], old) for old in content["results"]]
    earlier.write_text(json.dumps(content), encoding="utf-8")
