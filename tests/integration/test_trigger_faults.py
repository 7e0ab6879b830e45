"""Starting a run through the real SDK while the network and the workspace fail."""

from __future__ import annotations

import errno
import json
import os
import time as clock
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config

from dbt_runner.errors import BusyError, LostContact, ProjectError, RunnerError, SettingsError
from dbt_runner.jobs.trigger import (
    attach,
    beginning,
    cancel,
    following,
    record_file,
    repair,
    repairing,
    trigger,
)
from dbt_runner.jobs.trigger.client import Client
from dbt_runner.jobs.trigger.job_run import JobRun
from dbt_runner.jobs.trigger.records import Record, Records
from dbt_runner.jobs.trigger.request import Request
from dbt_runner.jobs.trigger.watching import Watch
from dbt_runner.warehouse.rest_api import single_attempts
from jobs_api import (
    CANCEL,
    FAILED,
    GET_OUTPUT,
    GET_RUN,
    REPAIR,
    RUN_NOW,
    RUNNING,
    SUCCESS,
    TOKEN,
    JobsApi,
    serving,
    view,
)

JOB = 12
WHEEL = {"package_name": "dbt_runner", "entry_point": "run"}
SETTINGS = {
    "name": "[prod] build",
    "parameters": [{"name": "run_type", "default": ""}, {"name": "target_schema", "default": ""}],
    "tasks": [{"task_key": "build", "python_wheel_task": WHEEL}],
}


@dataclass
class Time:
    """Time that only waiting moves."""

    now: float = 0.0
    told: list[str] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds

    def client(self, ws: WorkspaceClient) -> Client:
        """A client in this time."""
        return Client.of(ws, self.tell, clock=lambda: self.now, sleep=self.sleep)

    def tell(self, event: str, **_: Any) -> None:
        """Keep an event."""
        self.told.append(event)


@pytest.fixture
def server() -> Iterator[JobsApi]:
    """A workspace with one job."""
    with serving() as found:
        found.jobs[JOB] = SETTINGS
        yield found


def client_of(server: JobsApi, token: str = TOKEN, http_timeout: float = 2) -> WorkspaceClient:
    """The real client, configured as our command does it."""
    config = Config(
        host=server.url,
        token=token,
        auth_type="pat",
        http_timeout_seconds=http_timeout,
        retry_timeout_seconds=1,
        clock=single_attempts(),
    )
    return WorkspaceClient(config=config)


@pytest.fixture
def ws(server: JobsApi) -> WorkspaceClient:
    """A client of it."""
    return client_of(server)


@pytest.fixture
def records(tmp_path: Path) -> Records:
    """An empty folder for what is sent."""
    return Records(tmp_path / "triggers")


def request(server: JobsApi, token: str = "t-1", *, fresh: bool = True) -> Request:
    """A full build of finance."""
    values = {"run_type": "full", "target_schema": "finance"}
    return Request(server.url, JOB, {"job_parameters": values}, token, fresh)


def begin(
    time: Time, ws: WorkspaceClient, asked: Request, records: Records, **how: bool
) -> beginning.Begun:
    """Begin in a time of its own."""
    options = {"resume": False, "another": False, **how}
    client = time.client(ws)
    return beginning.begin(client, asked, records, client.wait(None), **options)


# One run, whatever happens on the way


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(["drop_before"], id="drop-before-accept"),
        pytest.param(["drop_after"], id="drop-after-accept"),
        pytest.param(["drop_after", "drop_after", "drop_before"], id="drops"),
        pytest.param(["429:7"], id="429-retry-after"),
        pytest.param(["429", "503:2", "500", "502", "504"], id="statuses"),
        pytest.param(["slow:2.5"], id="slow"),
        pytest.param(["drop_after", "500"], id="accepted-then-broken"),
    ],
)
def test_run_is_started_once_with_one_token(
    server: JobsApi, ws: WorkspaceClient, records: Records, faults: list[str]
) -> None:
    """What may pass is sent again with the same token, so one run comes of it."""
    server.fail(RUN_NOW, *faults)
    begun = begin(Time(), ws, request(server), records)
    sent = server.bodies(RUN_NOW)
    assert len(sent) == len(faults) + 1
    assert {body["idempotency_token"] for body in sent} == {"t-1"}
    assert list(server.runs) == [begun.run_id]
    assert sent[0] == request(server).body()


def test_pause_that_the_workspace_asks_for_is_kept(
    server: JobsApi, ws: WorkspaceClient, records: Records
) -> None:
    """`Retry-After` counts, and patience ends all the same."""
    time = Time()
    server.fail(RUN_NOW, "429:40")
    begin(time, ws, request(server), records)
    assert time.now == pytest.approx(40)
    server.fail(RUN_NOW, *["503"] * 100)
    with pytest.raises(LostContact):
        begin(time, ws, request(server, "t-2"), records)
    assert time.now == pytest.approx(160)


@pytest.mark.parametrize("fault", ["html", "empty"])
def test_answer_that_is_none_leaves_a_doubt(
    server: JobsApi, ws: WorkspaceClient, records: Records, fault: str
) -> None:
    """The run may have begun, so the token stays on disk and the same command finds the run."""
    server.fail(RUN_NOW, fault)
    with pytest.raises(LostContact, match="with --resume, sends the same token again") as caught:
        begin(Time(), ws, request(server), records)
    assert caught.value.exit_code == 7
    begun = begin(Time(), ws, request(server, "t-2"), records, resume=True)
    assert list(server.runs) == [begun.run_id]
    assert begun.request.idempotency_token == "t-1"


def test_refusal_proves_that_there_is_no_run(
    server: JobsApi, ws: WorkspaceClient, records: Records
) -> None:
    """Nothing is left to resume."""
    asked = Request(server.url, 99, {}, "t-1")
    with pytest.raises(ProjectError, match="Job 99 does not exist"):
        begin(Time(), ws, asked, records)
    assert records.left(asked) is None


@pytest.mark.parametrize("status", ["400", "401", "403", "404"])
@pytest.mark.parametrize("doubt", ["drop_after", "slow:2.5", "503"])
def test_refusal_after_a_doubt_proves_nothing(
    server: JobsApi, ws: WorkspaceClient, records: Records, doubt: str, status: str
) -> None:
    """What is said of the second request says nothing about the first; its token stays on disk."""
    server.fail(RUN_NOW, doubt, status, status)
    for resume in (False, True):
        with pytest.raises(LostContact, match=f"{status}.*sends the same token again"):
            begin(Time(), ws, request(server), records, resume=resume)
    assert begin(Time(), ws, request(server, "t-2"), records, resume=True).run_id in server.runs
    assert len(server.runs) == 1


def test_refusal_after_a_doubt_of_the_clients_own(server: JobsApi, records: Records) -> None:
    """An orchestrator's client, which repeats by itself, hides the first request."""
    server.fail(RUN_NOW, "drop_after", "400")
    ws = WorkspaceClient(host=server.url, token=TOKEN, auth_type="pat")
    with pytest.raises(LostContact):
        begin(Time(), ws, request(server), records)
    assert len(server.bodies(RUN_NOW)) == 2


def test_refused_login_at_once_is_a_refusal(server: JobsApi, records: Records) -> None:
    """Nothing was started: exit code 2."""
    with pytest.raises(ProjectError, match="refused the credentials"):
        begin(Time(), client_of(server, "wrong"), request(server), records)
    assert server.runs == {}


# What is on disk, and when


def test_token_is_on_disk_before_it_is_sent(
    server: JobsApi, ws: WorkspaceClient, records: Records
) -> None:
    """The file is there when the request comes, for this user only; then it names the run."""
    seen: list[dict[str, Any]] = []

    def look(path: str, _number: int) -> None:
        if path == RUN_NOW and records.folder:
            for file in records.folder.glob("*.json"):
                assert file.stat().st_mode & 0o077 == 0
                seen.append(json.loads(file.read_text()))

    server.faults = look
    begun = begin(Time(), ws, request(server), records)
    assert [(entry["idempotency_token"], entry["run_id"]) for entry in seen] == [("t-1", None)]
    assert begun.record
    assert json.loads(begun.record.file.read_text())["run_id"] == begun.run_id
    begun.settle()
    assert records.folder
    assert list(records.folder.iterdir()) == []


def test_nothing_is_sent_without_a_place_for_the_token(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path
) -> None:
    """A token that only this client knows, it must not lose; one that is named again, it may."""
    (tmp_path / "file").write_text("")
    nowhere = Records(tmp_path / "file" / "triggers")
    with pytest.raises(ProjectError, match="cannot be stored"):
        begin(Time(), ws, request(server), nowhere)
    assert server.bodies(RUN_NOW) == []
    time = Time()
    assert begin(time, ws, request(server, fresh=False), nowhere).run_id in server.runs
    assert "trigger.not_stored" in time.told


@pytest.mark.parametrize("moment", ["before-sending", "before-the-answer", "while-waiting"])
def test_equal_command_after_a_death_asks_which_intent_it_is(
    server: JobsApi, ws: WorkspaceClient, records: Records, moment: str
) -> None:
    """Without a key nobody knows: `--resume` goes on with that run, `--another` starts one."""
    dead = records.keep(request(server))
    if moment != "before-sending":
        run = server.start(JOB, request(server).body())
        server._by_token["t-1"] = run.run_id
    if moment == "while-waiting":
        dead.answered(run.run_id)
    dead.release()
    with pytest.raises(SettingsError, match="add --resume to go on with that one, or --another"):
        begin(Time(), ws, request(server, "t-2"), records)
    before = len(server.bodies(RUN_NOW))
    another = begin(Time(), ws, request(server, "t-3"), records, another=True)
    resumed = begin(Time(), ws, request(server, "t-4"), records, resume=True)
    assert another.run_id != resumed.run_id
    assert len(server.runs) == 2
    assert resumed.request.idempotency_token == "t-1"
    assert len(server.bodies(RUN_NOW)) - before == (1 if moment == "while-waiting" else 2)
    resumed.settle()
    another.settle()
    # nothing is left: the next one is an intent of its own
    begin(Time(), ws, request(server, "t-5"), records, resume=True)
    assert len(server.runs) == 3


def test_client_that_lives_is_not_taken_for_dead(
    server: JobsApi, ws: WorkspaceClient, records: Records
) -> None:
    """Two equal commands at the same time are two intents, and neither picks up the other's run."""
    first = begin(Time(), ws, request(server, "t-1"), records)
    second = begin(Time(), ws, request(server, "t-2"), records)
    assert first.run_id != second.run_id


def test_one_death_is_resumed_once(server: JobsApi, ws: WorkspaceClient, records: Records) -> None:
    """A second `--resume` is refused while the first is at it: it is no further intent."""
    records.keep(request(server)).release()
    first = begin(Time(), ws, request(server, "t-2"), records, resume=True)
    with pytest.raises(BusyError, match="another client is at this very request, with job run 100"):
        begin(Time(), ws, request(server, "t-3"), records, resume=True)
    assert list(server.runs) == [first.run_id]
    assert len(server.bodies(RUN_NOW)) == 1
    first.leave()
    again = begin(Time(), ws, request(server, "t-4"), records, resume=True)
    assert again.run_id == first.run_id


def test_two_resume_at_once_with_nothing_left_are_one_intent(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path
) -> None:
    """Both have looked before either has written; one starts the run, the other is refused."""
    looked = Barrier(2, timeout=10)

    class Together(Records):
        def left(self, request: Request, *, alone: bool = False) -> Record | None:
            found = super().left(request, alone=alone)
            looked.wait()
            return found

    def resume(token: str) -> object:
        try:
            return begin(
                Time(), ws, request(server, token), Together(tmp_path / "triggers"), resume=True
            )
        except BusyError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(resume, ["t-1", "t-2"]))
    assert len(server.runs) == 1
    assert sorted(type(one).__name__ for one in found) == ["Begun", "BusyError"]


def test_resume_finds_who_died_since_it_looked(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path
) -> None:
    """What an equal `--resume` wrote and left in between is gone on with."""

    class Late(Records):
        def left(self, request: Request, *, alone: bool = False) -> Record | None:
            found = super().left(request, alone=alone)
            dead = Records(self.folder).keep(replace(request, idempotency_token="dead"), alone=True)
            dead.release()
            return found

    begun = begin(Time(), ws, request(server), Late(tmp_path / "triggers"), resume=True)
    assert begun.request.idempotency_token == "dead"
    assert list(server.runs) == [begun.run_id]


def test_lock_that_its_holder_removed_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opened it just before holds the next one's, so that a third does not hold that too."""
    file, opening = tmp_path / "x-fresh.json", os.open
    first = record_file.hold(file)
    assert first is not None

    def late(path: Path, flags: int, mode: int) -> int:
        opened = opening(path, flags, mode)
        monkeypatch.undo()
        record_file.remove(file)
        os.close(first)
        return opened

    monkeypatch.setattr(os, "open", late)
    assert record_file.hold(file) is not None
    assert record_file.hold(file) is None


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space"), KeyboardInterrupt()])
def test_record_that_cannot_be_written_leaves_nothing(
    server: JobsApi, records: Records, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    """A full disk, an interruption: no draft and no lock stays, on disk or in this process."""

    def fail(_: int) -> None:
        raise fault

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(fault)):
        records.keep(request(server), alone=True)
    assert records.folder
    assert list(records.folder.iterdir()) == []
    monkeypatch.undo()
    records.keep(request(server), alone=True)


def test_another_request_has_nothing_to_resume(
    server: JobsApi, ws: WorkspaceClient, records: Records
) -> None:
    """Other parameters are another intent."""
    records.keep(request(server)).release()
    other = Request(server.url, JOB, {"job_parameters": {"run_type": "full"}}, "t-2")
    assert begin(Time(), ws, other, records, resume=True).request.idempotency_token == "t-2"


def test_damaged_record_is_no_record(
    server: JobsApi, ws: WorkspaceClient, records: Records
) -> None:
    """A file that is cut stops nobody."""
    record = records.keep(request(server))
    record.file.write_text('{"idempot')
    record.release()
    assert begin(Time(), ws, request(server, "t-2"), records).run_id in server.runs


# Through the library


def start(ws: WorkspaceClient, folder: Path, **how: Any) -> JobRun:
    """Trigger a full build of finance."""
    values = {"run_type": "full", "target_schema": "finance"}
    return trigger(ws, **{"job_id": JOB, "parameters": values, "records": folder, **how})


def test_library_returns_the_end(server: JobsApi, ws: WorkspaceClient, tmp_path: Path) -> None:
    """A failed run raises nothing: tasks, durations, errors and the runner's summary are there."""
    logs = 'x\n{"event": "run.finished", "status": "failed", "exit_code": 1}\n'
    server.outputs[5] = {"error": "NodesFailed: model.tpch.fct_orders", "logs": logs}
    task = {**FAILED, "task_key": "build", "run_id": 5, "python_wheel_task": WHEEL}
    server.lives[JOB] = [view("TERMINATED", "FAILED", start_time=1, end_time=1_001, tasks=[task])]
    events: list[str] = []
    found = start(ws, tmp_path, tell=lambda event, **_: events.append(event))
    assert (found.outcome and found.outcome.name, found.exit_code) == ("FAILED", 1)
    assert found.url
    assert found.seconds == 1
    [seen] = found.tasks
    assert (seen.key, seen.seconds, seen.error) == (
        "build",
        60,
        "NodesFailed: model.tpch.fct_orders",
    )
    assert seen.summary == {"event": "run.finished", "status": "failed", "exit_code": 1}
    assert events == [
        "job.found",
        "trigger.sent",
        "job_run.started",
        "job_run.found",
        "task_run.finished",
    ]
    assert list(tmp_path.iterdir()) == []


def test_tasks_of_jobs_below_are_told(server: JobsApi, ws: WorkspaceClient, tmp_path: Path) -> None:
    """An orchestrator's failure is the failure of a task two jobs below, or in a loop."""
    build = {**FAILED, "task_key": "build", "run_id": 31, "python_wheel_task": WHEEL}
    inner = {**FAILED, "task_key": "each_iteration", "run_id": 41, "notebook_task": {}}
    server.runs[90] = child = server.start(JOB)
    child.views = [view("TERMINATED", "FAILED", tasks=[build])]
    server.runs[22] = loop = server.start(JOB)
    loop.views = [view("TERMINATED", "FAILED", iterations=[inner])]
    server.outputs[21] = {"run_job_output": {"run_id": 90}}
    server.outputs[31] = {"error": "boom", "logs": '{"event": "run.finished", "status": "failed"}'}
    server.outputs[41] = {"error": "bang"}
    top = [
        {**FAILED, "task_key": "refresh", "run_id": 21, "run_job_task": {"job_id": 5}},
        {**FAILED, "task_key": "each", "run_id": 22, "for_each_task": {"inputs": "[]", "task": {}}},
    ]
    server.lives[JOB] = [view("TERMINATED", "FAILED", tasks=top)]
    found = start(ws, tmp_path)
    assert {task.key: task.error for task in found.tasks} == {
        "refresh": "Task build failed",
        "refresh/build": "boom",
        "each": "Task build failed",
        "each/each_iteration": "bang",
    }
    assert [task.key for task in found.tasks if task.summary] == ["refresh/build"]


def test_iterations_of_a_loop_share_a_key(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path
) -> None:
    """Each is told, also the one that failed before another succeeded."""
    ends = {41: FAILED, 42: SUCCESS}
    inner = [{**end, "task_key": "one", "run_id": run_id} for run_id, end in ends.items()]
    server.runs[22] = loop = server.start(JOB)
    loop.views = [view("TERMINATED", "FAILED", iterations=inner)]
    server.outputs[41] = {"error": "bang"}
    each = {
        **FAILED,
        "task_key": "each",
        "run_id": 22,
        "for_each_task": {"inputs": "[]", "task": {}},
    }
    server.lives[JOB] = [view("TERMINATED", "FAILED", tasks=[each])]
    found = start(ws, tmp_path)
    assert [(task.key, task.run_id, task.error) for task in found.tasks] == [
        ("each", 22, "Task build failed"),
        ("each/one", 41, "bang"),
        ("each/one", 42, None),
    ]


def test_key_starts_one_run(server: JobsApi, ws: WorkspaceClient, tmp_path: Path) -> None:
    """The same key finds the same run: here from disk, elsewhere by Databricks."""
    first = start(ws, tmp_path / "a", once_per="2026-11-24")
    again = start(ws, tmp_path / "a", once_per="2026-11-24")
    elsewhere = start(ws, tmp_path / "b", once_per="2026-11-24")
    assert first.run_id == again.run_id == elsewhere.run_id
    assert len(server.bodies(RUN_NOW)) == 2
    tomorrow = start(ws, tmp_path / "a", once_per="2026-11-25")
    other = start(ws, tmp_path / "a", once_per="2026-11-24", parameters={"run_type": "docs"})
    assert len({first.run_id, tomorrow.run_id, other.run_id}) == 3
    assert len(server.runs) == 3


def test_call_that_was_broken_off_can_be_resumed(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path
) -> None:
    """Also within one process: an orchestrator's time limit leaves the run to the next call."""

    class TaskTimeout(BaseException):
        """As Airflow raises it inside a task."""

    def interrupt(event: str, **_: Any) -> None:
        if event == "job_run.found":
            raise TaskTimeout

    with pytest.raises(TaskTimeout):
        start(ws, tmp_path, tell=interrupt)
    with pytest.raises(SettingsError, match="left job run 1001; add --resume"):
        start(ws, tmp_path)
    assert start(ws, tmp_path, resume=True).run_id == 1001
    assert len(server.runs) == 1


@pytest.mark.parametrize("silent", [True, False])
def test_interrupted_call_is_left_unless_somebody_was_told(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path, silent: bool
) -> None:
    """In a notebook nobody has heard the run's id, so the next equal call starts no second run."""
    server.lives[JOB] = [RUNNING]

    def press() -> None:
        raise KeyboardInterrupt

    how: dict[str, Any] = {} if silent else {"tell": lambda *_, **__: None}
    with pytest.raises(KeyboardInterrupt):
        start(ws, tmp_path, tick=press, **how)
    left = [json.loads(file.read_text())["run_id"] for file in tmp_path.glob("*.json")]
    assert left == ([1001] if silent else [])


def test_result_is_told_before_it_is_forgotten(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path
) -> None:
    """Who dies without having told the end leaves the run to the next."""
    told: list[int] = []

    def report(run: JobRun) -> None:
        told.append(run.exit_code)
        assert [file for file in tmp_path.iterdir() if file.suffix == ".json"]

    start(ws, tmp_path, report=report)
    assert told == [0]
    assert list(tmp_path.iterdir()) == []


def test_old_records_go(server: JobsApi, ws: WorkspaceClient, records: Records) -> None:
    """After sixty days Databricks does not know the run any more either."""
    old = records.keep(request(server))
    old.release()
    for file in (old.file, old.file.with_suffix(".lock")):
        os.utime(file, (1, 1))
    begin(Time(), ws, request(server, "t-2"), records).settle()
    assert records.folder
    assert list(records.folder.iterdir()) == []


def test_two_intents_never_share_a_run(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path
) -> None:
    """A token that went with other parameters is refused: by the disk, else by the run itself."""
    start(ws, tmp_path / "a", idempotency_token="mine")
    with pytest.raises(SettingsError, match="was sent before, for job 12 with other parameters"):
        start(ws, tmp_path / "a", idempotency_token="mine", parameters={"run_type": "docs"})
    with pytest.raises(SettingsError, match="belongs to job run 1001 of job 12"):
        start(ws, tmp_path / "b", idempotency_token="mine", parameters={"run_type": "docs"})
    with pytest.raises(SettingsError, match="belongs to job run 1001"):
        start(ws, tmp_path / "c", idempotency_token="mine", parameters={})
    server.jobs[13] = SETTINGS
    with pytest.raises(SettingsError, match="belongs to job run 1001 of job 12"):
        start(ws, tmp_path / "d", idempotency_token="mine", job_id=13)
    assert start(ws, tmp_path / "e", idempotency_token="mine").run_id == 1001
    assert len(server.runs) == 1


def test_run_that_was_told_more_is_another_intent(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path
) -> None:
    """What is left out is the job's default; a run that was told something else is not ours."""
    start(ws, tmp_path / "a", idempotency_token="mine")
    less: dict[str, Any] = {"idempotency_token": "mine", "parameters": {"run_type": "full"}}
    with pytest.raises(SettingsError, match="belongs to job run 1001"):
        start(ws, tmp_path / "b", **less)


def test_reference_in_a_default_is_no_other_intent(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path
) -> None:
    """A run shows what came of it."""
    declared = {"name": "day", "default": "{{job.start_time.iso_date}}", "value": "2026-11-24"}
    server.lives[JOB] = [{**SUCCESS, "job_parameters": [declared]}]
    assert start(ws, tmp_path, idempotency_token="mine", parameters={}).run_id == 1001


@pytest.mark.parametrize("kind", ["job_parameters", "python_named_params"])
def test_reference_in_a_parameter_is_no_other_intent(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path, kind: str
) -> None:
    """Databricks resolves it, and shows what came of it; the other values still have to be ours."""
    task = {"task_key": "build", "notebook_task": {"notebook_path": "/x"}}
    declared = [{"name": name, "default": ""} for name in ("day", "other")]
    if kind == "job_parameters":
        server.jobs[JOB] = {"tasks": [task], "parameters": declared}
    else:
        wheel = {"package_name": "x", "entry_point": "run"}
        server.jobs[JOB] = {"tasks": [{"task_key": "build", "python_wheel_task": wheel}]}
    day = "{{job.start_time.iso_date}}"
    how: dict[str, Any] = {"idempotency_token": "mine", "send": kind}
    asked: list[dict[str, Any]] = [
        {"parameters": {"day": day, "other": text}} for text in ("1", "2")
    ]
    assert start(ws, tmp_path / "a", **how, **asked[0]).run_id == 1001
    assert kind in server.bodies(RUN_NOW)[0]
    with pytest.raises(SettingsError, match="belongs to job run 1001"):
        start(ws, tmp_path / "b", **how, **asked[1])


@pytest.mark.parametrize("fault", ["401", "403", "404", "400", "html"])
def test_run_that_cannot_be_compared_is_in_doubt(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path, fault: str
) -> None:
    """A run has begun, whatever the workspace says of it: exit code 7, and its id is told."""
    server.fail(GET_RUN, *[fault] * 1000)
    with pytest.raises(LostContact, match="belongs to job run 1001, which may be going"):
        start(ws, tmp_path, idempotency_token="mine")
    server.fail(GET_RUN)
    assert start(ws, tmp_path, idempotency_token="mine").run_id == 1001


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"job_id": None}, "its id or its name"),
        ({"job_name": "x"}, "its id or its name"),
        ({"job_id": 99}, "job_id: 99"),
        ({"idempotency_token": "x" * 65}, "1 to 64"),
        ({"idempotency_token": "x", "once_per": "y"}, "use one of them"),
        ({"once_per": ""}, "must not be empty"),
        ({"send": "nope"}, "is no parameter object"),
        ({"resume": True, "another": True}, "resume: does not go together with another"),
        ({"parameters": {"run_type": "frobnicate"}}, "is no run type"),
        ({"parameters": {"run_typ": "full"}}, "did you mean run_type?"),
        ({"parameters": {"run_type": 5}}, "must be a text"),
    ],
)
def test_nothing_is_sent_of_what_is_refused(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path, how: dict[str, Any], message: str
) -> None:
    """All of it is known before the request."""
    with pytest.raises(RunnerError) as caught:
        start(ws, tmp_path, **how)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2
    assert server.bodies(RUN_NOW) == []
    assert list(tmp_path.iterdir()) == []


def test_job_is_found_by_its_exact_name(
    server: JobsApi, ws: WorkspaceClient, tmp_path: Path
) -> None:
    """The API's filter ignores case and comes in pages; two jobs of one name are both named."""
    server.jobs |= {13: {"name": "[PROD] build"}, 14: {"name": "other"}}
    found = start(ws, tmp_path, job_id=None, job_name="[prod] build")
    assert found.job_id == JOB
    server.jobs[15] = SETTINGS
    with pytest.raises(SettingsError, match=r"2 jobs have the name .*: 12, 15; give an id"):
        start(ws, tmp_path, job_id=None, job_name="[prod] build")
    with pytest.raises(SettingsError, match="there is no job 'OTHER'; there is 'other'"):
        start(ws, tmp_path, job_id=None, job_name="OTHER")
    with pytest.raises(SettingsError, match="or it is not yours to see"):
        start(ws, tmp_path, job_id=None, job_name="nope")


def test_no_wait_ends_with_the_start(server: JobsApi, ws: WorkspaceClient, tmp_path: Path) -> None:
    """The run's id and page are known, its end is not."""
    server.lives[JOB] = [RUNNING]
    found = start(ws, tmp_path, wait=False)
    assert (found.run_id, found.doing, found.outcome) == (1001, "RUNNING", None)
    assert found.url
    assert found.left == "not waited for"
    assert len(server.bodies(GET_RUN)) == 1


def test_sdk_with_its_own_retries_makes_one_run_too(server: JobsApi, tmp_path: Path) -> None:
    """An orchestrator's client repeats by itself, with our token."""
    ws = WorkspaceClient(host=server.url, token=TOKEN, auth_type="pat")
    server.fail(RUN_NOW, "drop_after")
    assert start(ws, tmp_path).exit_code == 0
    assert len(server.runs) == 1
    assert len(server.bodies(RUN_NOW)) == 2


# Waiting


def watch(time: Time, ws: WorkspaceClient, run_id: int, timeout: float | None = None) -> JobRun:
    """Watch a run in a time of its own."""
    client = time.client(ws)
    found = Watch(client.api, client.wait(timeout), client.tell, client.tick)
    return found.until_end(JobRun(run_id), known=True)


def test_progress_is_told_once(server: JobsApi, ws: WorkspaceClient) -> None:
    """Each change of the run and of each task is one event."""
    task = {"task_key": "build", "run_id": 5}
    server.lives[JOB] = [
        view("QUEUED"),
        view("RUNNING", tasks=[{**view("PENDING"), **task}]),
        view("RUNNING", tasks=[{**RUNNING, **task}]),
        view("RUNNING", tasks=[{**RUNNING, **task}]),
        {**SUCCESS, "tasks": [{**SUCCESS, **task}]},
    ]
    time = Time()
    assert watch(time, ws, server.start(JOB).run_id).exit_code == 0
    assert time.told == [
        "job_run.found",
        "job_run.state",
        "job_run.state",
        "task_run.state",
        "task_run.state",
        "task_run.finished",
    ]


def test_clients_wait_ends_before_the_run(server: JobsApi, ws: WorkspaceClient) -> None:
    """The run goes on: exit code 7, and nothing is cancelled."""
    server.lives[JOB] = [RUNNING]
    time = Time()
    found = watch(time, ws, server.start(JOB).run_id, timeout=25)
    assert time.now == pytest.approx(25)
    assert found.exit_code == 7
    assert found.left == "not waited for longer than 25 s"
    assert server.bodies(CANCEL) == []


@pytest.mark.parametrize("fault", ["drop_before", "503", "429:3", "500", "html"])
def test_workspace_that_fails_for_a_while_is_asked_again(
    server: JobsApi, ws: WorkspaceClient, fault: str
) -> None:
    """Waiting outlives an outage of some minutes, and says so once."""
    run, time = server.start(JOB), Time()
    server.fail(GET_RUN, *[fault] * (1 if fault == "html" else 5))
    found = watch(time, ws, run.run_id)
    if fault == "html":
        assert found.exit_code == 7
    else:
        assert found.exit_code == 0
        assert time.told.count("contact.lost") == 1


@pytest.mark.parametrize("fault", ["drop_before", "503", "401"])
def test_lost_contact_is_no_failure(server: JobsApi, ws: WorkspaceClient, fault: str) -> None:
    """Exit code 7: the run may still be going, also when the login has expired."""
    run, time = server.start(JOB), Time()
    server.fail(GET_RUN, *[fault] * 1000)
    found = watch(time, ws, run.run_id)
    assert found.exit_code == 7
    assert found.left.startswith("contact was lost: ")
    assert time.now < 400


def test_deleted_run_is_gone(server: JobsApi, ws: WorkspaceClient) -> None:
    """It is told apart from lost contact; one that is not seen at once, is not gone."""
    run = server.start(JOB)
    server.fail(GET_RUN, "404", "404")
    assert watch(Time(), ws, run.run_id).exit_code == 0
    del server.runs[run.run_id]
    time = Time()
    found = watch(time, ws, run.run_id)
    assert found.exit_code == 7
    assert found.left.startswith("it is gone, deleted or")
    assert f"Run {run.run_id} does not exist" in found.left
    assert time.now < 10


@pytest.mark.parametrize("fault", ["drip:0.3", "slow:30"])
@pytest.mark.parametrize("path", [GET_RUN, GET_OUTPUT])
def test_host_that_trickles_outlives_no_wait(server: JobsApi, path: str, fault: str) -> None:
    """Each request has a deadline, whatever the host still sends; the wait ends when it is to."""
    ws = client_of(server, http_timeout=30)
    server.lives[JOB] = [many_tasks(3)]
    server.outputs = {50 + place: {"logs": "x" * 1000} for place in range(3)}
    run_id = server.start(JOB).run_id
    server.faults = lambda asked, _number: fault if asked == path else None
    began = clock.monotonic()
    found = attach(ws, run_id, timeout=2)
    assert clock.monotonic() - began < 5
    assert found.exit_code == (7 if path == GET_RUN else 0)


@pytest.mark.parametrize("token", [None, "mine"])
def test_start_at_a_host_that_trickles(server: JobsApi, tmp_path: Path, token: str | None) -> None:
    """The same from the start: exit code 7 in time."""
    server.faults = lambda asked, _number: "drip:0.3" if asked == GET_RUN else None
    began = clock.monotonic()
    try:
        ws = client_of(server, http_timeout=30)
        code = start(ws, tmp_path, idempotency_token=token, timeout=2).exit_code
    except LostContact as error:
        code = error.exit_code
    assert code == 7
    assert clock.monotonic() - began < 5


@pytest.mark.parametrize("path", ["/api/2.2/jobs/get", RUN_NOW])
def test_wait_begins_with_the_client(server: JobsApi, tmp_path: Path, path: str) -> None:
    """Also finding the job and starting the run end in time; what was sent can be resumed."""
    ws = client_of(server, http_timeout=30)
    server.faults = lambda asked, _number: "503" if asked == path else None
    began = clock.monotonic()
    with pytest.raises(RunnerError) as caught:
        start(ws, tmp_path, timeout=2)
    assert clock.monotonic() - began < 5
    assert caught.value.exit_code == (7 if path == RUN_NOW else 5)
    server.faults = lambda _path, _number: None
    assert start(ws, tmp_path, resume=True, timeout=20).exit_code == 0
    assert len(server.runs) == 1


@pytest.mark.parametrize("path", [GET_RUN, REPAIR])
def test_repair_ends_in_time(server: JobsApi, path: str) -> None:
    """The wait of a repair begins before it is asked for."""
    server.lives[JOB] = [FAILED]
    run_id = server.start(JOB).run_id
    server.faults = lambda asked, _number: "503" if asked == path else None
    began = clock.monotonic()
    with pytest.raises(RunnerError) as caught:
        repair(client_of(server, http_timeout=30), run_id, timeout=2)
    assert clock.monotonic() - began < 6
    assert caught.value.exit_code == (7 if path == REPAIR else 5)


def test_attach_waits_for_a_run_of_somebody_else(server: JobsApi, ws: WorkspaceClient) -> None:
    """Only a run that nobody knows is an error."""
    found = attach(ws, server.start(JOB).run_id)
    assert found.exit_code == 0
    with pytest.raises(ProjectError, match="Run 1 does not exist"):
        attach(ws, 1)


def many_tasks(number: int, end: dict[str, Any] = SUCCESS) -> dict[str, Any]:
    """A run that ended with so many tasks."""
    tasks = [
        {**end, "task_key": f"t{place}", "run_id": 50 + place, "python_wheel_task": WHEEL}
        for place in range(number)
    ]
    return {**end, "tasks": tasks}


@pytest.mark.parametrize(("timeout", "most"), [(None, 30), (10, 10)])
def test_details_that_cannot_be_read_are_left_out(
    server: JobsApi, ws: WorkspaceClient, timeout: float | None, most: float
) -> None:
    """The end is what matters: all details together have one short time."""
    server.lives[JOB] = [many_tasks(30)]
    server.faults = lambda path, _number: "503" if path == GET_OUTPUT else None
    time = Time()
    run = JobRun(server.start(JOB).run_id)
    client = time.client(ws)
    found = following.finish(client, run, client.wait(timeout), known=True)
    assert found.exit_code == 0
    assert len(found.tasks) == 30
    assert time.now <= most


def test_interruption_after_the_end_keeps_the_end(server: JobsApi, ws: WorkspaceClient) -> None:
    """A run that is known to have ended does not go on."""
    server.lives[JOB] = [many_tasks(3, FAILED)]
    server.outputs[50] = {"error": "boom"}

    def press(seconds: float) -> None:
        raise KeyboardInterrupt(seconds)

    server.faults = lambda path, _number: (
        "503" if path == GET_OUTPUT and len(server.bodies(GET_OUTPUT)) > 1 else None
    )
    client = Client.of(ws, sleep=press)
    run = JobRun(server.start(JOB).run_id)
    found = following.finish(client, run, client.wait(None), known=True)
    assert (found.exit_code, len(found.tasks)) == (1, 3)
    assert found.tasks[0].error == "boom"


# Cancel and repair


def test_cancel_tells_the_end(server: JobsApi, ws: WorkspaceClient) -> None:
    """It is over only when the run is seen to have ended; a run that has ended is left alone."""
    server.lives[JOB] = [RUNNING]
    run = server.start(JOB)
    server.fail(CANCEL, "drop_after")
    found = cancel(ws, run.run_id)
    assert found.outcome
    assert found.outcome.name == "CANCELED"
    assert len(server.bodies(CANCEL)) == 2
    assert cancel(ws, run.run_id).outcome == found.outcome
    assert len(server.bodies(CANCEL)) == 2


@pytest.mark.parametrize("path", [GET_RUN, CANCEL])
def test_cancel_without_an_answer_is_lost_contact(server: JobsApi, path: str) -> None:
    """The run may still be going: exit code 7, not the one of a start that failed."""
    server.lives[JOB] = [RUNNING]
    run_id = server.start(JOB).run_id
    server.faults = lambda asked, _number: "503" if asked == path else None
    found = cancel(client_of(server), run_id, timeout=2)
    assert (found.exit_code, found.outcome) == (7, None)
    assert "contact was lost" in found.left


def test_run_that_ends_before_it_is_cancelled_is_over(server: JobsApi, ws: WorkspaceClient) -> None:
    """Databricks refuses to cancel it, and its end is told; a run that goes on, is not."""
    server.lives[JOB] = [RUNNING, SUCCESS]
    server.faults = lambda path, _number: "400" if path == CANCEL else None
    assert cancel(ws, server.start(JOB).run_id).exit_code == 0
    server.lives[JOB] = [RUNNING]
    with pytest.raises(ProjectError, match="answer 400"):
        cancel(ws, server.start(JOB).run_id)


def begin_repair(ws: WorkspaceClient, run_id: int) -> int:
    """Begin in a time of its own."""
    client = Time().client(ws)
    return repairing.repair(client.api, run_id, client.wait(None))


def test_repair_runs_what_failed(server: JobsApi, ws: WorkspaceClient) -> None:
    """With the parameters of the run, and from the second time on with the repair before it."""
    server.lives[JOB] = [FAILED]
    server.repaired = [FAILED]
    run = server.start(JOB, {"job_parameters": {"target_schema": "finance"}})
    assert repair(ws, run.run_id).exit_code == 1
    server.repaired = [SUCCESS]
    assert repair(ws, run.run_id).exit_code == 0
    common = {
        "run_id": run.run_id,
        "rerun_all_failed_tasks": True,
        "rerun_dependent_tasks": True,
        "job_parameters": {"target_schema": "finance"},
    }
    assert server.bodies(REPAIR) == [common, {**common, "latest_repair_id": 701}]


def test_task_parameters_of_the_run_are_sent_to_its_repair(
    server: JobsApi, ws: WorkspaceClient
) -> None:
    """Whichever object it was."""
    server.jobs[JOB] = {"tasks": SETTINGS["tasks"]}
    server.lives[JOB] = [FAILED]
    run = server.start(JOB, {"python_named_params": {"run_type": "full"}})
    repair(ws, run.run_id)
    assert server.bodies(REPAIR)[0]["python_named_params"] == {"run_type": "full"}


def test_end_before_the_repair_is_not_its_end(server: JobsApi, ws: WorkspaceClient) -> None:
    """A run that still shows its old end is waited for."""
    server.lives[JOB] = [FAILED]
    run = server.start(JOB)
    run.repairs.append({"type": "REPAIR", "id": 700, "start_time": 700})
    time = Time()
    client = time.client(ws)
    server.repaired = [FAILED, RUNNING, SUCCESS]

    def look(_path: str, _number: int) -> None:
        # the history does not know the repair 702 until it is asked the third time
        if len(server.bodies(GET_RUN)) == 3:
            run.repairs.append({"type": "REPAIR", "id": 702, "start_time": 702})
            run.views = [RUNNING, SUCCESS]

    server.faults = look
    found = following.finish(
        client, JobRun(run.run_id), client.wait(None), known=True, repair_id=702
    )
    assert found.exit_code == 0
    assert time.now >= 2


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(["drop_before"], id="drop-before-accept"),
        pytest.param(["drop_after"], id="drop-after-accept"),
        pytest.param(["503:1", "drop_after"], id="503-then-drop"),
        pytest.param(["500", "drop_before"], id="500-then-drop"),
        pytest.param(["html"], id="no-json"),
        pytest.param(["drop_after", "drop_before"], id="accepted-then-drop"),
    ],
)
def test_repair_begins_once(server: JobsApi, ws: WorkspaceClient, faults: list[str]) -> None:
    """It has no token, so after a doubt the run's history is looked at."""
    server.lives[JOB] = [FAILED]
    run = server.start(JOB)
    server.fail(REPAIR, *faults)
    assert begin_repair(ws, run.run_id) == 701
    assert len(run.repairs) == 1


@pytest.mark.parametrize("late", [2, 100])
def test_refused_repair_after_a_doubt_proves_nothing(
    server: JobsApi, ws: WorkspaceClient, late: int
) -> None:
    """The second is refused because the first began; that its history is late changes nothing."""
    server.lives[JOB] = [FAILED]
    run = server.start(JOB)
    hidden: list[dict[str, Any]] = []

    def fault(path: str, _number: int) -> str | None:
        sent = len(server.bodies(REPAIR))
        if path == GET_RUN and sent:
            hidden.extend(run.repairs)
            run.repairs = hidden[:] if sent > late else []
        if path != REPAIR:
            return None
        return "drop_after" if sent == 1 else "400"

    server.faults = fault
    if late == 2:
        assert begin_repair(ws, run.run_id) == 701
        return
    with pytest.raises(LostContact, match="answer 400"):
        begin_repair(ws, run.run_id)


def test_first_refusal_of_a_repair_is_one(server: JobsApi, ws: WorkspaceClient) -> None:
    """Nothing began: exit code 2, and it is sent once."""
    server.lives[JOB] = [FAILED]
    run = server.start(JOB)
    server.fail(REPAIR, "403")
    with pytest.raises(ProjectError, match="answer 403"):
        begin_repair(ws, run.run_id)
    assert len(server.bodies(REPAIR)) == 1


def test_repair_has_what_equals_a_default_too(server: JobsApi, ws: WorkspaceClient) -> None:
    """The job's default may have changed since."""
    server.lives[JOB] = [FAILED]
    values = {"run_type": "", "target_schema": "finance"}
    run = server.start(JOB, {"job_parameters": values})
    repair(ws, run.run_id)
    assert server.bodies(REPAIR)[0]["job_parameters"] == values


def test_repair_that_nobody_confirms_is_in_doubt(server: JobsApi, ws: WorkspaceClient) -> None:
    """Exit code 7 after a bounded number of attempts."""
    server.lives[JOB] = [FAILED]
    run = server.start(JOB)
    server.fail(REPAIR, *["drop_before"] * 100)
    with pytest.raises(LostContact):
        begin_repair(ws, run.run_id)
    assert len(server.bodies(REPAIR)) == 5


def test_what_needs_no_repair_is_refused(server: JobsApi, ws: WorkspaceClient) -> None:
    """A run that goes on, and one that succeeded."""
    server.lives[JOB] = [RUNNING]
    with pytest.raises(BusyError, match="still going"):
        repair(ws, server.start(JOB).run_id)
    server.lives[JOB] = [SUCCESS]
    with pytest.raises(SettingsError, match="nothing to repair"):
        repair(ws, server.start(JOB).run_id)
    assert server.bodies(REPAIR) == []
    assert server.bodies(GET_OUTPUT) == []
