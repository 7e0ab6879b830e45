"""With and without the patches dbt does the same: statements, artifacts, log, results."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rich_project
import statements
from dbt_runner.engine.patches.listed import EARLY, PATCHES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Finished, Project

TRACED = str(Path(__file__).parents[1] / "traced.py")
CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # an invocation's id
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?|\d\d:\d\d:\d\d(\.\d+)?|\d{12,}"
    r"|dbt-runner-\w{8}\b"  # the folder of a run
    r"|\d+\.\d+( ?s(econds)?\b|s\])|0x[0-9a-f]+|\d{4}-\d\d-\d\d"
    r"|(\d+ minutes? and )?\d+(\.\d+)? seconds"
    r"|\b\d+ of (?=\d+ )"  # which node came first among those that were ready
)
TIMES = {
    "generated_at",
    "DBT_RUNNER_ATTEMPT",
    "created_at",
    "execution_time",
    "elapsed_time",
    "timing",
    "max_loaded_at_time_ago_in_s",
}
BY_CHANCE = re.compile(
    r"Resource report: |running dbt with arguments |\[ThreadPool\]|was properly closed"
)
"""Time and memory; arguments in an order that hangs on a temporary folder's name; which of dbt's
threads got to look at which schema, and so whose connection was at hand."""

GREEN = {"success", "pass", "warn"}
SEED = {"PYTHONHASHSEED": "0"}
"""Else dbt makes schemas in another order each time."""


@dataclass(frozen=True)
class Left:
    """What a run leaves, without what differs from run to run.

    Attributes:
        statements: of each node, in their order.
        log, warned: sorted, since of nodes that are ready dbt takes now one first, now another.
    """

    code: int
    statements: dict[str, list[str]]
    artifacts: dict[str, Any]
    log: list[str]
    failed: Any
    nodes: Any
    warned: list[str]
    compiled: dict[str, str]


def steady(text: str) -> str:
    """A text without times and ids."""
    return CHANGING.sub("~", text)


def plain(value: Any) -> Any:
    """An artifact without times and ids."""
    if isinstance(value, dict):
        return {k: "~" if k in TIMES else plain(v) for k, v in value.items()}
    if isinstance(value, list):
        items = [plain(item) for item in value]
        is_results = value and isinstance(value[0], dict) and "unique_id" in value[0]
        return sorted(items, key=lambda item: str(item["unique_id"])) if is_results else items
    return steady(value) if isinstance(value, str) else value


def artifact(file: Path) -> Any:
    """What it holds; of a graph with edges of tests, all that stands behind each node.

    With fewer edges the same stands there.
    """
    content = json.loads(file.read_text())
    graph = content.get("with_test_edges") if file.name == "graph_summary.json" else None
    for node in graph.values() if graph else ():
        behind: set[str] = set()
        ahead = node.get("succ", [])
        while ahead:
            behind |= (new := {str(number) for number in ahead} - behind)
            ahead = [number for name in new for number in graph[name].get("succ", [])]
        node["behind"] = sorted(behind)
    for node in graph.values() if graph else ():
        node.pop("succ", None)
    return content


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Where two values differ."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{path}/{number}")
    elif one != other and isinstance(one, list):
        here, there = (Counter(map(str, value)) for value in (one, other))
        yield f"{path}: only in one {here - there}, only in the other {there - here}"
    elif one != other:
        yield f"{path}: {one!r:.2000} != {other!r:.2000}"


def run(project: Project, arguments: tuple[str, ...], patches: str) -> Left:
    """Run the rich project from nothing, always in the same folder."""
    for folder in (project.folder, project.artifacts, project.root / "cache", project.tmp):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    rich_project.write(project.folder)
    trace = project.root / "trace"
    trace.write_text("")
    env = {"DBT_RUNNER_PATCHES": patches, **SEED}
    program = (TRACED, str(trace))
    done = project.start(*arguments, "--threads=1", program=program, env=env).finish(300)
    return left(done, trace)


def left(done: Finished, trace: Path) -> Left:
    """What there is to compare."""
    told: dict[str, list[str]] = {}
    for node, statement, bindings in statements.noted(trace.read_text(encoding="utf-8")):
        told.setdefault(node, []).append(steady(statement) + repr(bindings))
    # what belongs to no node comes from several threads
    told[""] = sorted(told.get("", []))
    commands = done.artifacts / "commands"
    files = {file.relative_to(commands): file for file in sorted(commands.rglob("*"))}
    log = steady((done.artifacts / "dbt.log").read_text(encoding="utf-8"))
    return Left(
        done.code,
        told,
        {str(p): plain(artifact(f)) for p, f in files.items() if p.suffix == ".json"},
        sorted(line for line in log.splitlines() if not BY_CHANCE.search(line)),
        plain(done.summary["failed"]),
        done.summary["nodes"],
        sorted(steady(f"{e['name']} {e['message']}") for e in done.events("dbt.warned")),
        {str(p): f.read_text() for p, f in files.items() if p.suffix in {".sql", ".csv"}},
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--run-type=all",), id="commands"),
        pytest.param(("--run-type=full",), id="failures"),
        pytest.param(("--run-type=full", "--warnings=error"), id="warnings"),
        pytest.param(("--run-type=full", "--log-level=debug"), id="debug"),
    ],
)
def test_all_is_equal(project: Project, arguments: tuple[str, ...]) -> None:
    """Patches change nothing that a run sends, writes or says."""
    without = run(project, arguments, patches="off")
    patched = run(project, arguments, patches="on")
    assert len(without.statements) > 10
    found = list(differences(vars(patched), vars(without)))
    if found:
        pytest.fail("\n".join(found))


@pytest.mark.slow
def test_fail_fast(project: Project) -> None:
    """The first failure ends the run where it did; only the node begun by then ends by chance.

    dbt cancels it, and it is through by then or not, with patches and without.
    """
    arguments = ("--run-type=full", "--fail-fast")
    without, patched = (run(project, arguments, patches=value) for value in ("off", "on"))
    assert patched.code == without.code == 1
    ends = [_ends(each) for each in (without, patched)]
    through = [{name for name, end in each.items() if end in GREEN} for each in ends]
    assert len(through[0] ^ through[1]) <= 1
    assert len(through[0] & through[1]) > 3
    for name in through[0] & through[1]:
        assert patched.statements.get(name) == without.statements.get(name), name
    assert {name for each in ends for name, end in each.items() if end == "skipped"}
    failed = [{name for name, end in each.items() if end in {"error", "fail"}} for each in ends]
    assert failed[0] & failed[1]


def _ends(run: Left) -> dict[str, str]:
    """Each node's status."""
    [results] = (
        found for name, found in run.artifacts.items() if name.endswith("run_results.json")
    )
    return {result["unique_id"]: result["status"] for result in results["results"]}


def test_patches_are_told(project: Project) -> None:
    """At debug level the log tells what is patched; all patches are, with what is locked."""
    project.model("one")
    done = project.run("--log-level=debug")
    [event] = done.events("dbt.patched")
    assert event["patches"] == ", ".join(patch.name for patch in [*EARLY, *PATCHES])
    off = project.run("--log-level=debug", "--patches=off")
    assert [line["patches"] for line in off.events("dbt.patched")] == [""]
