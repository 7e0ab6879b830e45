"""`dbt-runner trigger` and its kin as processes are started, against the Jobs API's stand-in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dbt_runner import cli
from dbt_runner.errors import SettingsError
from jobs_api import (
    CANCEL,
    FAILED,
    GET_RUN,
    RUN_NOW,
    RUNNING,
    SUCCESS,
    TOKEN,
    JobsApi,
    serving,
    view,
)

JOB = 12
NAMES = ("run_type", "target_schema", "ingest")
SETTINGS = {
    "name": "[prod] build",
    "parameters": [{"name": name, "default": ""} for name in NAMES],
    "tasks": [
        {
            "task_key": "build",
            "python_wheel_task": {"package_name": "dbt_runner", "entry_point": "run"},
        }
    ],
}
MAIN = (
    sys.executable,
    "-c",
    "import sys; from dbt_runner.cli import main; sys.exit(main())",
)


@dataclass
class Shell:
    """Where commands are started.

    Attributes:
        environment: of a process.
    """

    server: JobsApi
    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str) -> tuple[int, list[dict[str, Any]], str]:
        """Exit code, the lines on standard output as JSON, and standard error."""
        code, out, complaint = self.text(*words)
        return code, [json.loads(line) for line in out.splitlines()], complaint

    def text(self, *words: str) -> tuple[int, str, str]:
        """The same with standard output as text."""
        self.patch.setattr(sys, "argv", ["dbt-runner", *words])
        code = cli.main()
        out, complaint = self.capture.readouterr()
        return code, out, complaint

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """A process of its own."""
        return subprocess.Popen(
            [*MAIN, *words],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    """A workspace with one job, and a user who is logged in there."""
    with serving() as server:
        server.jobs[JOB] = SETTINGS
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "DATABRICKS_HOST": server.url,
            "DATABRICKS_TOKEN": TOKEN,
        }
        for name in [name for name in os.environ if name.startswith(("DATABRICKS_", "DBT_"))]:
            monkeypatch.delenv(name)
        for name, text in environment.items():
            monkeypatch.setenv(name, text)
        yield Shell(server, tmp_path, capsys, monkeypatch, environment)


@pytest.mark.parametrize(
    ("life_cycle", "result", "code"),
    [
        ("TERMINATED", "SUCCESS", 0),
        ("TERMINATED", "FAILED", 1),
        ("TERMINATED", "SUCCESS_WITH_FAILURES", 1),
        ("TERMINATED", "UPSTREAM_FAILED", 1),
        ("TERMINATED", "TIMEDOUT", 124),
        ("TERMINATED", "CANCELED", 130),
        ("TERMINATED", "UPSTREAM_CANCELED", 130),
        ("SKIPPED", None, 8),
        ("SKIPPED", "MAXIMUM_CONCURRENT_RUNS_REACHED", 8),
        ("TERMINATED", "EXCLUDED", 8),
        ("TERMINATED", "DISABLED", 8),
        ("INTERNAL_ERROR", "FAILED", 1),
        ("INTERNAL_ERROR", None, 5),
        ("TERMINATED", "OF_A_NEW_KIND", 1),
    ],
)
@pytest.mark.parametrize("command", ["trigger", "attach"])
def test_exit_code_tells_the_end(
    shell: Shell, command: str, life_cycle: str, result: str | None, code: int
) -> None:
    """One exit code for each end of a run, whoever started it; the report says it, no complaint."""
    shell.server.lives[JOB] = [view(life_cycle, result)]
    subject = JOB if command == "trigger" else shell.server.start(JOB).run_id
    found, lines, complaint = shell.run(command, str(subject))
    assert (found, complaint) == (code, "")
    assert lines[-1]["event"] == "job_run.finished"
    assert lines[-1]["run_exit_code"] == code


def test_main_way(shell: Shell) -> None:
    """Parameters reach the job as they are written, and each line is one event."""
    code, lines, _ = shell.run(
        "trigger",
        "[prod] build",
        "--run-type",
        "full",
        "--target-schema=finance",
        "--param=ingest=x",
    )
    assert code == 0
    [body] = shell.server.bodies(RUN_NOW)
    assert body.pop("idempotency_token") == lines[-1]["idempotency_token"]
    values = {"run_type": "full", "target_schema": "finance", "ingest": "x"}
    assert body == {"job_id": JOB, "job_parameters": values}
    assert [line["event"] for line in lines] == [
        "credentials.found",
        "job.found",
        "trigger.sent",
        "job_run.started",
        "job_run.found",
        "job_run.finished",
    ]
    assert TOKEN not in json.dumps(lines)


def test_person_is_told_in_lines(shell: Shell) -> None:
    """The closing lines name result, tasks, the runner's summary, errors, and what to do next."""
    summary = {
        "event": "run.finished",
        "status": "failed",
        "nodes": {"total": 3, "success": 2, "error": 1, "warn": 0},
        "failed": [{"unique_id": "model.tpch.fct_orders"}],
        "resumed_from": "a1b2",
        "carried": 1,
    }
    task = {
        **FAILED,
        "task_key": "build",
        "run_id": 5,
        "run_page_url": "https://page",
        "python_wheel_task": {"package_name": "dbt_runner"},
    }
    shell.server.lives[JOB] = [{**FAILED, "tasks": [task]}]
    shell.server.outputs[5] = {"error": "NodesFailed: \x1b[31m1 of 3", "logs": json.dumps(summary)}
    code, out, _ = shell.text("trigger", str(JOB), "--log-format=console")
    assert code == 1
    assert "FAILED after 60 s: job run 1001 ended FAILED: build" in out
    assert "  build  FAILED     60 s" in out
    counts = "3 total, 2 success, 1 error; 1 of them before, by attempt a1b2"
    assert f"dbt-runner: failed; {counts}; failed: model.tpch.fct_orders" in out
    assert "NodesFailed:  [31m1 of 3" in out
    assert "https://page" in out
    assert out.endswith("next: dbt-runner repair 1001\n")


def test_no_wait_is_a_success(shell: Shell) -> None:
    """The run has begun: exit code 0, and the line names it."""
    shell.server.lives[JOB] = [RUNNING]
    code, lines, _ = shell.run("trigger", str(JOB), "--no-wait")
    assert code == 0
    assert lines[-1]["event"] == "job_run.left"
    assert lines[-1]["job_run_id"] == 1001
    assert lines[-1]["run_exit_code"] == 7
    assert "exit_code" not in lines[-1]


def test_end_of_the_wait_is_told_apart(shell: Shell) -> None:
    """Exit code 7, and a person is told how to go on waiting."""
    shell.server.lives[JOB] = [RUNNING]
    code, out, _ = shell.text("trigger", str(JOB), "--timeout=1", "--log-format=console")
    assert code == 7
    assert "next: dbt-runner attach 1001, or dbt-runner cancel 1001" in out


def test_whole_request_from_a_file(shell: Shell) -> None:
    """What was written for the CLI's `--json @file` works here too."""
    request = {
        "job_id": JOB,
        "job_parameters": {"run_type": "full"},
        "idempotency_token": "daily-prod-20250624",
    }
    Path(shell.folder, "run_config.json").write_text(json.dumps(request))
    assert shell.run("trigger", f"--json=@{shell.folder / 'run_config.json'}")[0] == 0
    assert shell.server.bodies(RUN_NOW) == [request]
    assert shell.run("trigger", "--json", json.dumps(request))[0] == 0
    assert len(shell.server.runs) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trigger"], "job: give its id, its name"),
        (["trigger", "12", "--job-name=x"], "got JOB and job_name"),
        (["trigger", "--job-id=12", "--job-name=x"], "got job_id and job_name"),
        (["trigger", "--job-id=x"], "job_id: must be a number"),
        (["trigger", "0"], "job: must be a number"),
        (["trigger", "12", "--json={}"], "got JOB and json"),
        (["trigger", "--json={}", "--run-type=full"], "json: is a whole request"),
        (
            ["trigger", '--json={"job_id": 12, "idempotency_token": "a"}', "--idempotency-token=b"],
            "is given in the request too",
        ),
        (["trigger", "12", "--bundle-target=prod"], "goes with --bundle-key"),
        (["trigger", "12", "--resume", "--another"], "resume: does not go together"),
        (["trigger", "12", "--no-wait", "--timeout=5"], "no_wait: does not go together"),
        (["trigger", "12", "--timeout=1h"], "timeout: must be whole seconds"),
        (["trigger", "12", f"--idempotency-token={'x' * 65}"], "1 to 64"),
        (["trigger", "12", "--run-type=frobnicate"], "is no run type"),
        (["trigger", "12", "--log-format=xml"], "must be console or json"),
        (["attach"], "job_run_id: is missing"),
        (["cancel", "x"], "job_run_id: must be a number"),
        (["repair", "12", "--timeout=0"], "timeout: must be whole seconds"),
        (["trigger", "9" * 5000], "job: must be a number"),
        (["attach", str(2**63)], "job_run_id: must be a number from 1 to 9223372036854775807"),
        (["attach", "99"], "job_run_id: 99: Run 99 does not exist; or it is not yours to see"),
        (["cancel", "99"], "job_run_id: 99: Run 99 does not exist; or it is not yours to see"),
        (["repair", "99"], "job_run_id: 99: Run 99 does not exist; or it is not yours to see"),
        (["attach", "12", "--cancel-on-interrupt=maybe"], "cancel_on_interrupt: must be true or"),
        (["trigger", "12", "--dry-run", "--no-wait=maybe"], "no_wait: must be true or false"),
        (["trigger", "12", "--version"], "--version: is no option of trigger"),
    ],
)
def test_bad_input_is_one_line(shell: Shell, words: list[str], message: str) -> None:
    """Exit code 2, and nothing was started."""
    code, _, complaint = shell.run(*words)
    assert code == 2
    assert message in complaint
    assert complaint.count("\n") == 1
    assert shell.server.runs == {}


def test_commands_have_help_and_are_named(shell: Shell) -> None:
    """`--help` needs no workspace, and a mistyped command is told what there is."""
    for command in ("trigger", "attach", "cancel", "repair"):
        code, out, _ = shell.text(command, "--help")
        assert (code, out[: len(command) + 12]) == (0, f"dbt-runner {command}:")
    code, _, complaint = shell.text("triger", "12")
    assert code == 2
    assert "trigger" in complaint
    assert shell.server.asked == []


def test_fault_of_its_own_is_no_refusal_once_a_run_was_asked_for(shell: Shell) -> None:
    """An answer that nobody foresaw is shown, and the exit code says that the run may go on."""
    shell.server.lives[JOB] = [{"state": "as a text"}]
    code, _, complaint = shell.text("trigger", str(JOB))
    assert code == 7
    assert "Traceback" in complaint
    assert "job run 1001 may still be going" in complaint


def test_parameters_of_a_job_start_no_job(shell: Shell) -> None:
    """Inside a job (`python -m dbt_runner`, the entry point `run`) there is no such command."""
    shell.patch.setattr(sys, "argv", ["dbt-runner", "trigger", str(JOB)])
    assert cli.module_main() == 2
    with pytest.raises(SettingsError, match="is no command"):
        cli.run()
    assert shell.server.asked == []


# Bundles


def test_job_of_a_bundle(shell: Shell) -> None:
    """The Databricks CLI tells which job a bundle's key is; its workspace has to be ours."""
    tool = shell.folder / "bin" / "databricks"
    tool.parent.mkdir()
    summary: dict[str, Any] = {
        "workspace": {"host": shell.server.url},
        "resources": {"jobs": {"dbt_build_job": {"id": str(JOB)}, "dbt_docs_job": {}}},
    }
    answer = shell.folder / "summary.json"
    tool.write_text(
        f'#!/bin/sh\necho "$@" >>{shell.folder}/words\npwd >>{shell.folder}/words\ncat {answer}\n'
    )
    tool.chmod(0o755)
    answer.write_text(json.dumps(summary))
    shell.patch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    words = ("trigger", "--bundle-key=dbt_build_job", "--bundle-target=prod")
    assert shell.run(*words, f"--bundle-dir={shell.folder}")[0] == 0
    assert (shell.folder / "words").read_text().splitlines() == [
        "bundle summary --output json --target prod",
        str(shell.folder),
    ]
    assert shell.server.bodies(RUN_NOW)[0]["job_id"] == JOB
    _, _, complaint = shell.run("trigger", "--bundle-key=dbt_docs_job")
    assert "dbt_docs_job is not deployed" in complaint
    _, _, complaint = shell.run("trigger", "--bundle-key=dbt_buildjob")
    assert "did you mean dbt_build_job?" in complaint
    answer.write_text(json.dumps({**summary, "workspace": {"host": "https://other.net"}}))
    code, _, complaint = shell.run(*words)
    assert code == 2
    assert "'other.net' is wanted, but the credentials found are for" in complaint
    shell.patch.setenv("PATH", str(shell.folder))
    code, _, complaint = shell.run(*words)
    assert "needs the Databricks CLI on PATH" in complaint


# Dry run


def test_dry_run_sends_nothing(shell: Shell) -> None:
    """It looks at the job, and shows one request in three forms."""
    words = ("trigger", str(JOB), "--run-type=full", "--once-per=today", "--dry-run")
    code, lines, _ = shell.run(*words)
    assert code == 0
    shown = lines[-1]
    assert shown["event"] == "trigger.dry_run"
    assert shell.server.bodies(RUN_NOW) == []
    assert not (shell.folder / "state").exists()
    # what is sent then is what was shown
    shell.run(*words[:-1])
    assert shell.server.bodies(RUN_NOW) == [shown["request"]]
    text = shell.text(*words, "--log-format=console")[1]
    assert shown["curl"] in text
    assert shown["cli"] in text
    assert TOKEN not in text


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_what_is_shown_does_the_same(shell: Shell) -> None:
    """The real curl, run as shown, sends this request, starts the same run, and hides the login."""
    words = ("trigger", str(JOB), "--run-type=full", "--param=ingest=it's $HOME é", "--once-per=1")
    _, lines, _ = shell.run(*words, "--dry-run", "--no-wait")
    given = tool(shell, "curl", f'exec {shutil.which("curl")} "$@"')
    done = run_as_shown(shell, lines[-1]["curl"])
    assert done.returncode == 0, done.stderr
    assert "--config" in given.read_text()
    assert TOKEN not in given.read_text()
    assert shell.run(*words)[0] == 0
    [theirs, ours] = shell.server.bodies(RUN_NOW)
    assert theirs == ours == lines[-1]["request"]
    assert len(shell.server.runs) == 1


def test_what_is_shown_for_the_cli_names_the_workspace(shell: Shell) -> None:
    """Whichever the user's CLI would choose: a job of another workspace may have the same id."""
    _, lines, _ = shell.run("trigger", str(JOB), "--run-type=full", "--once-per=1", "--dry-run")
    given = tool(shell, "databricks", 'echo "$DATABRICKS_HOST"')
    shell.environment["DATABRICKS_HOST"] = "https://other.net"
    done = run_as_shown(shell, lines[-1]["cli"])
    assert done.stdout.rstrip("/\n") == shell.server.url.rstrip("/")
    *_, body = given.read_text().splitlines()
    assert json.loads(body) == lines[-1]["request"]


def tool(shell: Shell, name: str, does: str) -> Path:
    """A program of this name, first on PATH, and the file that will have its words, a line each."""
    found, given = shell.folder / "bin" / name, shell.folder / f"{name}.words"
    found.parent.mkdir()
    found.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{given}\n{does}\n')
    found.chmod(0o755)
    return given


def run_as_shown(shell: Shell, line: str) -> subprocess.CompletedProcess[str]:
    """A line in a POSIX shell."""
    return subprocess.run(
        ["sh", "-c", line],
        env={
            **shell.environment,
            "PATH": f"{shell.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        },
        cwd=shell.folder,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


# Cancel, repair, interruption


def test_cancel_succeeds_when_it_is_over(shell: Shell) -> None:
    """Exit code 0 however the run ended; the line tells the end."""
    shell.server.lives[JOB] = [RUNNING]
    run_id = shell.server.start(JOB).run_id
    code, lines, _ = shell.run("cancel", str(run_id))
    assert code == 0
    assert lines[-1]["result"] == "CANCELED"
    assert lines[-1]["run_exit_code"] == 130
    assert "exit_code" not in lines[-1]


def test_repair_ends_as_the_run_does(shell: Shell) -> None:
    """Exit code of the run's new end; nothing to repair is exit code 2."""
    shell.server.lives[JOB] = [FAILED]
    run_id = shell.server.start(JOB).run_id
    code, lines, _ = shell.run("repair", str(run_id))
    assert (code, lines[-1]["result"]) == (0, "SUCCESS")
    shell.server.runs[run_id].views = [SUCCESS]
    assert shell.run("repair", str(run_id))[0] == 2


@pytest.mark.parametrize(
    ("command", "fault"),
    [("attach", "html"), ("attach", "list"), ("cancel", "list"), ("repair", "list")],
)
def test_answer_that_nobody_foresaw_is_no_refusal(shell: Shell, command: str, fault: str) -> None:
    """Of a run whose id is known, nothing is known: exit code 7, and the id is told."""
    shell.server.lives[JOB] = [FAILED]
    run_id = shell.server.start(JOB).run_id
    shell.server.fail(GET_RUN, *[fault] * 100)
    code, out, complaint = shell.text(command, str(run_id))
    assert code == 7
    assert str(run_id) in out + complaint


def waiting(shell: Shell, *words: str) -> subprocess.Popen[str]:
    """A client that has seen its run going."""
    shell.server.lives[JOB] = [RUNNING]
    process = shell.begin("trigger", str(JOB), *words)
    assert process.stdout
    for line in process.stdout:
        if json.loads(line)["event"] == "job_run.state":
            return process
    pytest.fail(process.communicate()[1])


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_interruption_asks_nothing_of_the_run(
    shell: Shell, number: signal.Signals, code: int
) -> None:
    """The run goes on, and the last line says how to find it again; nothing is left to resume."""
    process = waiting(shell)
    process.send_signal(number)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == code
    assert "job run 1001 may go on: dbt-runner attach 1001 waits for it" in complaint
    assert "Traceback" not in complaint
    assert shell.server.bodies(CANCEL) == []
    assert list((shell.folder / "state" / "dbt-runner" / "triggers").iterdir()) == []


def test_what_nohup_ignores_stays_ignored(shell: Shell) -> None:
    """A client that is to outlive its terminal does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = waiting(shell)
    finally:
        signal.signal(signal.SIGHUP, before)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 143


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_cancels_where_that_is_wanted(shell: Shell, number: signal.Signals) -> None:
    """`--cancel-on-interrupt` cancels the run, and waits until it has ended."""
    process = waiting(shell, "--cancel-on-interrupt")
    process.send_signal(number)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert "job run 1001 ended CANCELED" in complaint
    assert len(shell.server.bodies(CANCEL)) == 1


@pytest.mark.parametrize("fault", ["slow:30", "drop_before", "503"])
def test_interruption_of_the_start_cancels_too(shell: Shell, fault: str) -> None:
    """The token is sent again to learn which run it is, and that one is cancelled."""
    shell.server.lives[JOB] = [RUNNING]
    interrupted = False

    def meet(path: str, _number: int) -> str | None:
        return fault if path == RUN_NOW and not interrupted else None

    shell.server.faults = meet
    process = shell.begin("trigger", str(JOB), "--cancel-on-interrupt", "--run-type=full")
    while not shell.server.bodies(RUN_NOW):
        assert process.poll() is None
        time.sleep(0.02)
    interrupted = True
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "job run 1001 ended CANCELED" in complaint
    assert len({json.dumps(body) for body in shell.server.bodies(RUN_NOW)}) == 1
    assert len(shell.server.bodies(CANCEL)) == 1
    assert list((shell.folder / "state" / "dbt-runner" / "triggers").iterdir()) == []


def test_fault_while_an_interrupted_client_cancels_is_no_refusal(shell: Shell) -> None:
    """The exit code says that the run may go on, whatever the workspace answered."""
    process = waiting(shell, "--cancel-on-interrupt")
    shell.server.runs[1001].views = [{"state": "as a text"}]
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 7
    assert "job run 1001 may still be going" in complaint


def test_interrupted_cancel_says_that_it_was_asked(shell: Shell) -> None:
    """The run does not just go on."""
    shell.server.lives[JOB] = [RUNNING]
    run_id = shell.server.start(JOB).run_id
    shell.server.faults = lambda path, _number: "503" if path == CANCEL else None
    process = shell.begin("cancel", str(run_id))
    while not shell.server.bodies(CANCEL):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"job run {run_id} may go on: dbt-runner attach {run_id} waits for it" in complaint


def test_killed_client_leaves_its_run_to_the_next(shell: Shell) -> None:
    """Killed while it waits: the same command is asked which intent it is, and resumes that run."""
    process = waiting(shell)
    process.kill()
    process.communicate()
    code, _, complaint = shell.run("trigger", str(JOB))
    assert code == 2
    assert "left job run 1001; add --resume to go on with that one, or --another" in complaint
    shell.server.runs[1001].views = [SUCCESS]
    code, lines, _ = shell.run("trigger", str(JOB), "--resume")
    assert (code, lines[-1]["job_run_id"]) == (0, 1001)
    assert len(shell.server.runs) == 1


def test_client_killed_before_the_answer_finds_its_run(shell: Shell) -> None:
    """The token was on disk before it was sent, so sending it again gives the run that began."""
    shell.server.lives[JOB] = [SUCCESS]
    shell.server.faults = lambda path, _number: "slow:30" if path == RUN_NOW else None
    process = shell.begin("trigger", str(JOB))
    while not shell.server.bodies(RUN_NOW):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.communicate()
    shell.server.faults = lambda _path, _number: None
    code, lines, _ = shell.run("trigger", str(JOB), "--resume")
    assert code == 0
    [first, second] = shell.server.bodies(RUN_NOW)
    assert first == second
    assert lines[-1]["idempotency_token"] == first["idempotency_token"]


def test_trigger_imports_neither_dbt_nor_the_adapter(shell: Shell) -> None:
    """A run is started and waited for without them, nor DuckDB or the SQL connector."""
    code = (
        "import sys; from dbt_runner.cli import main; assert main() == 0; "
        "heavy = {'dbt', 'duckdb', 'agate', 'jinja2', 'pyarrow', 'rich', 'dbt_common'}; "
        "found = {name.partition('.')[0] for name in sys.modules}; "
        "bad = heavy & found | {name for name in sys.modules if name == 'databricks.sql'}; "
        "sys.exit(f'imported: {bad}' if bad else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "trigger", str(JOB), "--run-type=full"],
        env=shell.environment,
        cwd=shell.folder,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert len(shell.server.runs) == 1
