"""Which script a task runs, and how its end is told."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from dbt_runner import argv
from dbt_runner.errors import (
    BusyError,
    Cancelled,
    NodesFailed,
    RunnerError,
    ScriptFailed,
    SettingsError,
    TimedOut,
    TransientError,
)
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.shell import ending, script
from dbt_runner.shell.output import Output

TASK = Path("/Workspace/jobs/task.sh")


def find(*words: str) -> Path:
    """The script of a command line."""
    return script.find(argv.read(words, booleans=(), commands=()))


def test_script_is_a_file(tmp_path: Path) -> None:
    """A regular file with an absolute path is taken, by either spelling of a parameter."""
    file = tmp_path / "task.sh"
    file.write_text("true")
    assert find(f"--script={file}") == find("--script", str(file)) == file


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param((), "script: is missing; give the absolute path", id="missing"),
        pytest.param(("--script=",), "script: is missing", id="empty"),
        pytest.param(("--script=/a", "--script=/b"), "script: given more than once", id="twice"),
        pytest.param(("--script=a.sh",), "script: must be absolute, got 'a.sh'", id="relative"),
        pytest.param(("--script=~/a.sh",), "script: must be absolute", id="home"),
        pytest.param(("--script=dbfs:/a.sh",), r"DBFS, which is legacy; .*/Volumes/", id="dbfs"),
        pytest.param(("--script=DBFS:/a.sh",), "DBFS, which is legacy", id="dbfs-in-capitals"),
        pytest.param(("--script=s3://a/b.sh",), "a path of the file system, not a URL", id="url"),
        pytest.param(("--script={{job.parameters.x}}",), "was not resolved", id="reference"),
        pytest.param(("--script=${workspace.file_path}/a",), "was not resolved", id="variable"),
        pytest.param(("--script=/Volumes/a/b/c/../d",), r"without \. or \.\.", id="climbs"),
        pytest.param(("--script=/etc",), "script: '/etc' is no regular file", id="folder"),
        pytest.param(("--script=/dev/null",), "is no regular file", id="device"),
        pytest.param(("--script=/no/such.sh",), "'/no/such.sh' does not exist", id="nothing"),
        pytest.param(("--script=/a\nb",), "control characters", id="line-break"),
    ],
)
def test_other_scripts_are_refused(words: tuple[str, ...], message: str) -> None:
    """Anything else is one line that says what to give."""
    with pytest.raises(SettingsError, match=message) as caught:
        find(*words)
    assert "\n" not in str(caught.value)


def test_copy_keeps_the_name(tmp_path: Path) -> None:
    """The copy has the name and the bytes of the original; none can be made of what is gone."""
    file = tmp_path / "a task.sh"
    file.write_bytes(b"echo \xff")
    copy = script.copy(file, tmp_path)
    assert (copy.name, copy.read_bytes()) == (file.name, b"echo \xff")
    assert copy != file
    with pytest.raises(SettingsError, match=r"script: '/no/such\.sh' cannot be copied: No such"):
        script.copy(Path("/no/such.sh"), tmp_path / "script")


def test_dbfs_is_remarked_upon() -> None:
    """The mount of DBFS is taken, with a warning that says what is better."""
    told = script.remark(Path("/dbfs/scripts/task.sh"))
    assert told
    assert "DBFS is legacy" in told
    assert script.remark(TASK) is None


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        pytest.param(1, NodesFailed, "exit status 1", id="1"),
        pytest.param(2, ScriptFailed, "exit status 2", id="2"),
        pytest.param(5, TransientError, "exit status 5", id="5"),
        pytest.param(6, BusyError, "exit status 6", id="6"),
        pytest.param(124, TimedOut, "exit status 124", id="124"),
        pytest.param(127, ScriptFailed, "exit status 127", id="127"),
        pytest.param(130, ScriptFailed, "exit status 130: signal SIGINT", id="130"),
        pytest.param(137, ScriptFailed, "exit status 137: signal SIGKILL", id="137"),
        pytest.param(141, ScriptFailed, "exit status 141: signal SIGPIPE", id="141"),
        pytest.param(255, ScriptFailed, "exit status 255", id="255"),
    ],
)
def test_exit_status_is_kept(status: int, kind: type[RunnerError], message: str) -> None:
    """The error has the script's exit status, and the kind that it stands for in a run."""
    error = ending.of_status(TASK, status, None, Path("/no/such"))
    assert (type(error), error.exit_code) == (kind, status)
    assert str(error) == f"task.sh ended with {message}"


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        ({"exit_code": 2, "message": "the reason"}, "exit status 2: the reason"),
        ({"exit_code": 0, "message": "success"}, "exit status 2"),
        ({"exit_code": 2}, "exit status 2"),
    ],
    ids=["of-that-run", "not-of-that-run", "of-an-older-version"],
)
def test_sentence_of_a_run_is_told(summary: dict[str, Any], message: str) -> None:
    """The run that made the script fail says why; another run does not."""
    error = ending.of_status(TASK, 2, summary, Path("/no/such"))
    assert str(error) == f"task.sh ended with {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            {
                "results": [
                    {"unique_id": "model.p.b", "status": "skipped"},
                    {"unique_id": "model.p.a", "status": "error"},
                    {"unique_id": "model.p.c", "status": "success"},
                ]
            },
            "1: failed: 1 of 3 nodes done: model.p.a (error), model.p.b (skipped)",
            id="failed",
        ),
        pytest.param({"results": [{"unique_id": "a", "status": "pass"}]}, "1", id="went-well"),
        pytest.param({"results": [1]}, "1", id="of-another-form"),
        pytest.param([], "1", id="of-another-form-altogether"),
    ],
)
def test_results_of_plain_dbt_are_told(tmp_path: Path, content: Any, message: str) -> None:
    """Where a plain dbt failed, its artifact names the nodes, causes first."""
    (tmp_path / "run_results.json").write_text(json.dumps(content))
    error = ending.of_status(TASK, 1, None, tmp_path)
    assert str(error) == f"task.sh ended with exit status {message}"


def test_wish_comes_first() -> None:
    """A signal, and the time limit, have ends of their own."""
    cancellation = Cancellation()
    cancellation._handle(signal.SIGINT, None)
    error = ending.of_wish(TASK, cancellation)
    assert (type(error), error.exit_code) == (Cancelled, 130)
    assert str(error) == "task.sh was ended: cancelled by signal SIGINT"
    cancellation = Cancellation()
    cancellation.request("timeout", 124, "timeout of 5 s")
    assert type(ending.of_wish(TASK, cancellation)) is TimedOut


def test_closed_standard_output_is_no_failure() -> None:
    """Where there is no standard output, the summary is still noticed."""
    output = Output(None, frozenset())
    output.take(b'{"event": "run.finished", "exit_code": 0}\n')
    output.close()
    assert output.summary == {"event": "run.finished", "exit_code": 0}
