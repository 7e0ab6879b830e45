"""One status for every planned node, also where dbt has none."""

from __future__ import annotations

import itertools

import pytest

from dbt_runner.engine.events import NodeFinished, Status
from dbt_runner.engine.plan import Node
from dbt_runner.execution.results import Results


def node(unique_id: str = "model.p.a") -> Node:
    """A node of this id."""
    kind, _, name = unique_id.split(".", 2)
    return Node(unique_id, kind, name, f"models/{name}.sql")


def results(*unique_ids: str) -> Results:
    """Results of one command with these nodes planned."""
    made = Results()
    made.plan(0, [node(unique_id) for unique_id in unique_ids or ("model.p.a",)])
    made.begin(0)
    return made


def finished(unique_id: str, status: Status, message: str | None = None) -> NodeFinished:
    """The end of a node."""
    return NodeFinished(unique_id, status, 0.5, message, rows=3)


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.NOT_STARTED])
def test_status_of_dbt_is_kept(status: Status) -> None:
    """Without a cancellation, dbt's word on a node stands."""
    found = results()
    found.start("model.p.a")
    record = found.finish(finished("model.p.a", status, "why"))
    assert record
    assert (record.status, record.seconds, record.message, record.rows) == (status, 0.5, "why", 3)


@pytest.mark.parametrize(
    ("started", "status", "expected"),
    [
        pytest.param(True, Status.ERROR, Status.CANCELLED, id="interrupted"),
        pytest.param(True, Status.SKIPPED, Status.CANCELLED, id="skipped-while-at-work"),
        pytest.param(False, Status.SKIPPED, Status.NOT_STARTED, id="skipped-before-its-turn"),
        pytest.param(False, Status.ERROR, Status.NOT_STARTED, id="held-back"),
        pytest.param(True, Status.SUCCESS, Status.SUCCESS, id="came-through"),
        pytest.param(True, Status.FAIL, Status.FAIL, id="test-that-found-something"),
    ],
)
def test_cancellation_is_not_the_nodes_fault(
    started: bool, status: Status, expected: Status
) -> None:
    """After a cancellation, dbt's errors and skips are told as what they are."""
    found = results()
    if started:
        found.start("model.p.a")
    found.cancel()
    record = found.finish(finished("model.p.a", status))
    assert record
    assert record.status is expected


def test_error_before_the_cancellation_stays() -> None:
    """What failed before the signal failed by itself."""
    found = results()
    found.start("model.p.a")
    found.finish(finished("model.p.a", Status.ERROR, "division by zero"))
    found.cancel()
    record = found.finish(finished("model.p.a", Status.SKIPPED))
    assert record
    assert (record.status, record.message) == (Status.ERROR, "division by zero")


def test_first_result_stands() -> None:
    """dbt reports a node twice, in an event and in its results; the compiled path may come late."""
    found = results()
    found.finish(finished("model.p.a", Status.SUCCESS))
    late = NodeFinished("model.p.a", Status.ERROR, 9.0, "late", compiled="compiled/a.sql")
    record = found.finish(late)
    assert record
    assert (record.status, record.seconds, record.compiled) == (
        Status.SUCCESS,
        0.5,
        "compiled/a.sql",
    )


@pytest.mark.parametrize("worst", [Status.SUCCESS, Status.ERROR])
def test_batches_are_part_of_their_node(worst: Status) -> None:
    """The batches of a microbatch model begin and end under its id; the model does so once."""
    found = results()
    assert found.start("model.p.a") is not None
    for status in (Status.SUCCESS, worst):
        assert found.start("model.p.a") is None
        assert found.finish(finished("model.p.a", status)) is None
        assert found.counts()["not_started"] == 1
    record = found.finish(finished("model.p.a", worst))
    assert record
    assert record.status is worst
    record = found.finish(finished("model.p.a", worst), final=True)
    assert record
    assert record.status is worst


def test_what_was_done_was_not_skipped() -> None:
    """After a cancellation dbt calls skipped whatever it has not come to count."""
    found = results()
    found.start("model.p.a")
    found.finish(finished("model.p.a", Status.SUCCESS))
    found.cancel()
    record = found.finish(finished("model.p.a", Status.SKIPPED), final=True)
    assert record
    assert record.status is Status.SUCCESS


def test_final_result_may_be_worse() -> None:
    """What dbt's own result says of a node counts where an event on the way made it green."""
    found = results()
    found.start("model.p.a")
    found.finish(finished("model.p.a", Status.SUCCESS))
    record = found.finish(finished("model.p.a", Status.ERROR, "late"), final=True)
    assert record
    assert (record.status, record.message) == (Status.ERROR, "late")
    record = found.finish(finished("model.p.a", Status.SUCCESS), final=True)
    assert record
    assert record.status is Status.ERROR


@pytest.mark.parametrize(
    ("tolerates", "unique_id", "status", "expected"),
    [
        pytest.param(True, "source.p.s.t", Status.FAIL, Status.WARN, id="stale-source"),
        pytest.param(False, "source.p.s.t", Status.FAIL, Status.FAIL, id="not-tolerated"),
        pytest.param(True, "source.p.s.t", Status.ERROR, Status.ERROR, id="check-that-broke"),
        pytest.param(True, "test.p.t", Status.FAIL, Status.FAIL, id="test-beside-it"),
    ],
)
def test_stale_source_may_be_a_warning(
    tolerates: bool, unique_id: str, status: Status, expected: Status
) -> None:
    """Where the command tolerates it, a source that is too old is a warning; nothing else is."""
    found = results(unique_id)
    found.begin(0, tolerates_stale=tolerates)
    record = found.finish(finished(unique_id, status))
    assert record
    assert record.status is expected


def test_failing_hook_counts_though_nobody_planned_it() -> None:
    """A hook that fails gets a record of its own; one that works leaves none."""
    found = results()
    assert found.finish(finished("operation.p.p-on-run-end-0", Status.SUCCESS)) is None
    record = found.finish(finished("operation.p.p-on-run-start-0", Status.ERROR, "boom"))
    assert record
    assert (record.node.resource_type, record.started) == ("operation", True)
    assert found.counts()["error"] == 1
    assert found.counts()["total"] == 2
    assert found.failed()[0].node.unique_id == "operation.p.p-on-run-start-0"


def test_counts_add_up_at_every_step() -> None:
    """The statuses add up to the total, whatever happened so far."""
    ids = [f"model.p.m{number}" for number in range(8)]
    found = results(*ids)

    def adds_up() -> bool:
        counts = found.counts()
        return counts.pop("total") == sum(counts.values()) and counts.keys() == set(Status)

    assert adds_up()
    for number, (unique_id, status) in enumerate(zip(ids, itertools.cycle(Status), strict=False)):
        found.start(unique_id)
        if number == 4:
            found.cancel()
        if number != 6:
            found.finish(finished(unique_id, status))
        assert adds_up()
    found.finish(finished("operation.p.hook", Status.FAIL))
    found.close()
    assert adds_up()


def test_close_leaves_nothing_at_work() -> None:
    """What was begun and has no result was cancelled; what was not begun stays so."""
    found = results("model.p.a", "model.p.b")
    found.start("model.p.a")
    assert [record.node.name for record in found.running()] == ["a"]
    found.close()
    assert found.running() == []
    assert [r.status for r in found.records()] == [Status.CANCELLED, Status.NOT_STARTED]


def test_node_belongs_to_its_command() -> None:
    """The same node in two commands has two records, and `failed` can look at one command."""
    found = results("test.p.t")
    found.plan(1, [node("test.p.t")])
    found.finish(finished("test.p.t", Status.FAIL))
    found.begin(1)
    found.finish(finished("test.p.t", Status.PASS))
    assert [record.status for record in found.records()] == [Status.FAIL, Status.PASS]
    assert [record.command for record in found.failed()] == [0]
    assert found.failed(1) == []


def test_causes_come_before_consequences() -> None:
    """Errors and failures are listed before what was skipped or cancelled because of them."""
    ids = ["model.p.a", "model.p.b", "model.p.c", "test.p.d", "model.p.e"]
    found = results(*ids)
    statuses = [Status.SKIPPED, Status.CANCELLED, Status.ERROR, Status.FAIL, Status.SUCCESS]
    for unique_id, status in zip(ids, statuses, strict=True):
        found.finish(finished(unique_id, status))
    assert [str(record.status) for record in found.failed()] == [
        "error",
        "fail",
        "cancelled",
        "skipped",
    ]


def test_without_a_plan_there_is_none() -> None:
    """A run that ended before its plan can say so."""
    assert not Results().has_plan
    assert results().has_plan
    assert Results().start("model.p.a") is None
