"""Which nodes are executed again within a run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from dbt_runner.engine.engine import Engine, Outcome
from dbt_runner.engine.events import NodeFinished, Status
from dbt_runner.engine.plan import Node
from dbt_runner.engine.run_results import FILE_NAME as RUN_RESULTS
from dbt_runner.execution.results import Results
from dbt_runner.execution.retries import Retries
from dbt_runner.report.reporter import Reporter
from dbt_runner.run_types import Command

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BUSY = "[DELTA_CONCURRENT_APPEND] Transaction conflict detected. SQLSTATE: 2D521"
WRONG = "[UNRESOLVED_COLUMN] A column cannot be resolved. SQLSTATE: 42703"


@dataclass
class Recorder:
    """An engine in which the second try goes well, and the reporter of it."""

    downstream: dict[str, set[str]] = field(default_factory=dict)
    tried: list[list[str]] = field(default_factory=list)
    paused: list[float] = field(default_factory=list)

    def behind(self, unique_ids: Iterable[str]) -> frozenset[str]:
        """Nodes behind these."""
        return frozenset(n for name in unique_ids for n in self.downstream.get(name, ()))

    def execute(
        self,
        command: Command,  # noqa: ARG002 - the engine's
        folder: Path,
        planned: frozenset[str],
    ) -> Outcome:
        """Note which nodes the selection names, and finish them."""
        content = json.loads((folder / "state" / RUN_RESULTS).read_text())
        names = sorted(result["unique_id"] for result in content["results"])
        assert planned.issuperset(names)
        self.tried.append(names)
        write(folder, dict.fromkeys(names, "success"))
        return Outcome(tuple(NodeFinished(name, Status.SUCCESS, 0.1) for name in names))

    def notice(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


def write(folder: Path, statuses: dict[str, str]) -> None:
    """A `run_results.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    results = [{"unique_id": name, "status": status} for name, status in statuses.items()]
    (folder / RUN_RESULTS).write_text(json.dumps({"results": results}))


def follow(folder: Path, ends: dict[Node, tuple[Status, str | None]], **behind: str) -> Recorder:
    """Let a build end like this, and follow it with at most two rounds."""
    names = {node.name: node.unique_id for node in ends}
    recorder = Recorder({names[name]: {names[other]} for name, other in behind.items()})
    results = Results()
    results.plan(0, list(ends))
    results.begin(0)
    for node, (status, message) in ends.items():
        results.start(node.unique_id)
        results.finish(NodeFinished(node.unique_id, status, 0.1, message), final=True)
    write(folder, {node.unique_id: str(status) for node, (status, _) in ends.items()})
    retries = Retries(
        cast("Engine", recorder),
        results,
        cast("Reporter", recorder),
        2,
        recorder.paused.append,
        lambda result: cast("None", results.finish(result, final=True)),
    )
    retries.follow(0, Command("build"), folder, Outcome())
    return recorder


def model(name: str, *, idempotent: bool = True) -> Node:
    """A model."""
    plain = Node(f"model.p.{name}", "model", name, f"models/{name}.sql")
    return replace(plain, idempotent=idempotent)


def test_passing_failure_is_tried_again_with_what_waited(tmp_path: Path) -> None:
    """One more round builds it and what was skipped because of it; nothing else is touched."""
    ends = {
        model("fine"): (Status.SUCCESS, None),
        model("busy"): (Status.ERROR, BUSY),
        model("after"): (Status.SKIPPED, None),
    }
    recorder = follow(tmp_path / "01-build", ends, busy="after")
    assert recorder.tried == [["model.p.after", "model.p.busy"]]
    assert recorder.paused == [2.0]
    found = json.loads((tmp_path / "01-build" / RUN_RESULTS).read_text())["results"]
    assert {result["status"] for result in found} == {"success"}


def test_what_is_not_worth_it_is_left(tmp_path: Path) -> None:
    """A model's own fault and a model that adds rows are not executed again."""
    ends = {
        model("wrong"): (Status.ERROR, WRONG),
        model("log", idempotent=False): (Status.ERROR, BUSY),
    }
    assert follow(tmp_path / "01-build", ends).tried == []


def test_skipped_behind_a_lasting_failure_stays_skipped(tmp_path: Path) -> None:
    """What waits for a model that failed for good is not begun by another one's retry."""
    ends = {
        model("wrong"): (Status.ERROR, WRONG),
        model("busy"): (Status.ERROR, BUSY),
        model("after"): (Status.SKIPPED, None),
    }
    recorder = follow(tmp_path / "01-build", ends, wrong="after")
    assert recorder.tried == [["model.p.busy"]]
