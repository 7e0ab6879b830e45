"""The entry point `shell`: a script as a task, with real dbt in it."""

from __future__ import annotations

import shutil
import signal
import sysconfig
import time
import venv
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dbt_runner
from dbt_runner.shell.session import Session
from integration.test_entry_points import RUNTIME
from integration.test_script_process import has_ended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runs import Project, Running

PACKAGE = Path(dbt_runner.__file__).parent
EXAMPLE = Path(__file__).parents[2] / "resources" / "dbt" / "dbt_script.sh"
SLOW_SQL = "select count(*) as n from range(1000000000000) as t(i) where hash(i) % 7 = 1"
CANARY = "s3cret-canary"
DRIVER = """
import sys
from importlib.metadata import entry_points
[entry_point] = entry_points(group="databricks", name="shell")
try:
    returned = entry_point.load()()
except Exception as error:
    print(f"{type(error).__name__} {getattr(error, 'exit_code', None)}\\n{error}", file=sys.stderr)
else:
    print(f"returned {returned}", file=sys.stderr)
"""
"""Calls the entry point as the driver does, for which SystemExit would be a failure."""


def ship(project: Project) -> dict[str, str]:
    """Lay out the package as the wheel does, with the project as its own; what leads to it."""
    site = project.root / "site"
    if not site.exists():
        shutil.copytree(PACKAGE, site / "dbt_runner")
        shutil.copytree(project.folder, site / "dbt_runner" / "dbt_project")
    return {"PYTHONPATH": str(site)}


def start(
    project: Project,
    script: str | Path,
    *words: str,
    env: Mapping[str, str | None] | None = None,
    driver: str = DRIVER,
    prefix: tuple[str, ...] = (),
) -> Running:
    """Start the task with the text of a script, or one that is there."""
    path = script if isinstance(script, Path) else project.root / "task.sh"
    if isinstance(script, str):
        path.write_text(script)
    return project.start(
        f"--script={path}",
        *words,
        packaged=True,
        program=("-c", driver),
        prefix=prefix,
        env={**ship(project), **(env or {})},
    )


def end(running: Running) -> tuple[str, str]:
    """Wait for the end; what was raised, and its message."""
    result = running.finish()
    assert result.code == 0, "the driver goes on"
    assert "Traceback" not in result.stderr
    kind, _, message = result.stderr.rstrip("\n").partition("\n")
    assert "\n" not in message
    return kind, message


def assert_clean(project: Project, running: Running) -> None:
    """Nothing is left running, and no private folder is left."""
    assert running.family() == []
    assert list(project.tmp.iterdir()) == []


def database(project: Project) -> Path:
    """The file of the target `local`, in the folder where the task was started."""
    return project.root / ".dbt-runner" / "local.duckdb"


def test_entry_point_is_declared() -> None:
    """A wheel task names the package and `shell`."""
    [found] = entry_points(group="databricks", name="shell")
    assert found.value == "dbt_runner.cli:shell"


def test_example(project: Project) -> None:
    """The example needs no arguments: the task's parameters are in its environment."""
    project.model("one", "select 42 as id").model("two")
    running = start(
        project, EXAMPLE, "--run_type=full", "--target_schema=mart", "--select=one", "--select2=x"
    )
    result = running.finish()
    assert result.stderr == "returned None\n"
    assert result.summary["commands"] == ["build --select one --full-refresh"]
    assert project.tables(database(project)) == ["mart.one"]
    assert project.query("select id from mart.one", database(project)) == [(42,)]
    [ignored] = [line for line in result.lines if line["event"] == "setting.ignored"]
    assert ignored["reason"].startswith("select2: is no setting")
    assert [line for line in result.lines if line["event"] == "environment.dropped"] == []
    assert (result.artifacts / "complete").is_file(), "artifacts outlive the private folder"
    assert_clean(project, running)


@pytest.mark.parametrize("command", ["dbt-runner", "python -m dbt_runner"])
def test_failing_model(project: Project, command: str) -> None:
    """The exception's one line names script, status and the nodes that failed."""
    project.model("good").model("bad", "select nothing as id")
    running = start(project, f"{command}\necho not here\n", "--run_type=full")
    assert end(running) == (
        "NodesFailed 1",
        "task.sh ended with exit status 1: failed: 1 of 2 nodes done: model.shop.bad (error)",
    )
    assert "not here" not in running.stdout.read_text()
    assert_clean(project, running)


def test_task_values(project: Project) -> None:
    """The task tells of the last run in its script what a run as a task tells of itself."""
    project.model("bad", "select nothing as id")
    running = start(project, "dbt-runner\n", "--run_type=run", driver=RUNTIME + DRIVER)
    *told, kind, _ = running.finish().stderr.splitlines()
    assert told[:2] == ["status='failed'", "failed_count=1"]
    assert kind == "NodesFailed 1"


def test_other_failure_after_a_run(project: Project) -> None:
    """A run that went well is not blamed for what fails after it."""
    project.model("good")
    running = start(project, "dbt-runner\nexit 9\n", "--run_type=compile")
    assert end(running) == ("ScriptFailed 9", "task.sh ended with exit status 9")


@pytest.mark.slow
def test_plain_dbt(project: Project) -> None:
    """A plain dbt finds project, profile, target and schema, and writes into no other place."""
    project.model("one", "select 42 as id").model("bad", "select nothing as id")
    text = 'dbt build --select "$DBT_RUNNER_SELECT"\n'
    running = start(project, text, "--select=one", "--target_schema=mart", "--threads=3")
    result = running.finish()
    assert result.stderr == "returned None\n", result.stdout
    assert "Concurrency: 3 threads (target='local')" in result.stdout
    assert "\x1b[" not in result.stdout
    assert project.query("select id from mart.one", database(project)) == [(42,)]
    shipped = project.root / "site" / "dbt_runner" / "dbt_project"
    assert {file.name for file in shipped.iterdir()} == {"dbt_project.yml", "models"}
    running = start(project, text, "--select=one bad")
    assert end(running) == (
        "NodesFailed 1",
        "task.sh ended with exit status 1: failed: 1 of 2 nodes done: model.shop.bad (error)",
    )
    assert_clean(project, running)


@pytest.mark.slow
def test_plain_half_of_the_example(project: Project) -> None:
    """The example's other function does with a plain dbt what the parameters ask for."""
    project.model("one", "select 42 as id").model("two")
    text = EXAMPLE.read_text().removesuffix("\nrun\n") + "\nplain\n"
    result = start(project, text, "--run_type=full", "--select=one").finish()
    assert result.stderr == "returned None\n", result.stdout
    assert project.tables(database(project)) == ["analytics.one"]


@pytest.mark.slow
def test_plain_dbt_on_the_packaged_project(project: Project) -> None:
    """The samples of the local target are there for a plain dbt too."""
    text = "dbt build --select stg_tpch__region --indirect-selection empty\n"
    result = start(project, text, env={"PYTHONPATH": None}).finish()
    assert result.stderr == "returned None\n", result.stdout
    sql = "select count(*) from analytics_staging.stg_tpch__region"
    assert project.query(sql, database(project)) == [(5,)]


@pytest.mark.parametrize(
    ("number", "kind"),
    [(signal.SIGTERM, "Cancelled 143"), (signal.SIGINT, "Cancelled 130")],
    ids=["TERM", "INT"],
)
def test_signal_during_a_model(project: Project, number: signal.Signals, kind: str) -> None:
    """A signal to the task reaches the run in the script, which ends in order."""
    project.model("slow", SLOW_SQL)
    running = start(project, "sleep 60 &\ndbt-runner\necho not here\n", "--run_type=full")
    running.wait_for('"node.started", "unique_id": "model.shop.slow"')
    began = time.monotonic()
    running.send(number)
    expected = f"task.sh was ended: cancelled by signal {number.name}"
    assert end(running) == (kind, expected)
    assert time.monotonic() - began < 6
    result = running.finish()
    assert '"status": "cancelled", "exit_code"' in result.stdout
    assert "not here" not in result.stdout
    [attempt] = (project.root / ".dbt-runner/shop/local/local/analytics/runs").iterdir()
    assert (attempt / "complete").is_file()
    assert_clean(project, running)


def test_timeout(project: Project) -> None:
    """The time limit counts for the script as a whole, and has an end of its own."""
    running = start(project, "echo up; sleep 60; echo not here\n", "--timeout=3")
    assert end(running) == ("TimedOut 124", "task.sh was ended: timeout by timeout of 3 s")
    assert "not here" not in running.stdout.read_text()
    assert_clean(project, running)


def test_deaf_script(project: Project) -> None:
    """After `grace` seconds a script that ignores the signal is killed with its children."""
    project.write("runner.yml", "deployment: {grace: ['*']}\n")
    text = "trap '' TERM; sleep 60 & echo up; while true; do sleep 0.1; done\n"
    running = start(project, text, "--grace=1")
    running.wait_for("up")
    running.send(signal.SIGTERM)
    assert end(running) == ("Cancelled 143", "task.sh was ended: cancelled by signal SIGTERM")
    assert_clean(project, running)


def test_off_the_main_thread(project: Project) -> None:
    """Off the main thread the script runs too; that no signal can be heard is logged."""
    driver = f"""
import threading
thread = threading.Thread(target=exec, args=({DRIVER!r}, {{}}))
thread.start(); thread.join()
"""
    running = start(project, "echo hello\n", driver=driver)
    assert end(running) == ("returned None", "")
    text = running.stdout.read_text()
    assert '"signals.not_handled"' in text
    assert text.endswith("hello\n")


@pytest.mark.parametrize(
    ("number", "threaded"),
    [(signal.SIGKILL, False), (signal.SIGTERM, True)],
    ids=["KILL", "TERM-off-the-main-thread"],
)
def test_script_does_not_outlive_its_task(
    project: Project, number: signal.Signals, *, threaded: bool
) -> None:
    """A signal that the task can't hear ends the script and its children all the same."""
    driver = DRIVER
    if threaded:
        driver = f"""
import threading
thread = threading.Thread(target=exec, args=({DRIVER!r}, {{}}))
thread.start(); thread.join()
"""
    running = start(project, "sleep 60 & echo up $$.; sleep 60\n", driver=driver)
    running.wait_for(".\n")
    leader = running.stdout.read_text().rpartition("up ")[2].partition(".")[0]
    session = Session(int(leader))
    assert session.is_alive()
    running.send(number)
    assert running.finish().code == -number
    assert has_ended(session, 5)


def test_redeployment_while_it_runs(project: Project) -> None:
    """A script goes on as it began, by its name, whatever becomes of its file."""
    path = project.root / "task.sh"
    text = f"""
for i in {{1..100}}; do echo 'echo new'; done > "{path}"
echo old
echo "$(basename "$0") in $RUNNER_SCRIPT_DIR"
"""
    running = start(project, text)
    assert end(running) == ("returned None", "")
    told = [line for line in running.stdout.read_text().splitlines() if line[0] != "{"]
    assert told == ["old", f"task.sh in {project.root}"]
    assert path.read_text() == "echo new\n" * 100
    assert_clean(project, running)


def test_programs_away_from_the_interpreter(project: Project) -> None:
    """The programs are there where their library is only on the path of the driver."""
    bare = project.root / "bare env"
    venv.create(bare, with_pip=False)
    site = sysconfig.get_path("purelib")
    text = """
dbt-runner --version
dbt --version | grep -A1 Core
python -c 'import dbt_runner, sys; print(sys.prefix)'
python3 -c 'import sys; print(sys.argv[1:])' 'a b' '$c'
dbt-runner --run-type=nonsense || exit $?
"""
    running = start(
        project,
        text,
        prefix=("bash", "-c", 'exec "$0" "${@:2}"', str(bare / "bin" / "python")),
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{project.root / 'site'}:{site}"},
    )
    assert end(running) == ("ScriptFailed 2", "task.sh ended with exit status 2")
    told = [line for line in running.stdout.read_text().splitlines() if line[0] != "{"]
    assert told[0].startswith("dbt-runner ")
    assert told[1:-1] == ["Core:", *told[2:3], str(bare), "['a b', '$c']"]
    assert told[-1].startswith("dbt-runner: run_type: 'nonsense' is no run type")


def test_end_of_a_pipe(project: Project) -> None:
    """A command that a signal ended is the script's own failure, nobody cancelled it."""
    running = start(project, "seq 100000 | head -1\n")
    assert end(running) == (
        "ScriptFailed 141",
        "task.sh ended with exit status 141: signal SIGPIPE",
    )


def test_no_form_of_a_secret_is_told(project: Project) -> None:
    """Secrets are hidden as JSON, Python, the shell and URLs write them, and logins as well."""
    text = """
set -x; : "$DBT_ENV_SECRET_KEY"; set +x
python - <<'END'
import json, os, urllib.parse
secret = os.environ["DBT_ENV_SECRET_KEY"]
print("json:", json.dumps(secret)); print("repr:", repr(secret))
print("url:", urllib.parse.quote(secret, safe=""))
END
echo "token: $DATABRICKS_TOKEN, secret: $DATABRICKS_CLIENT_SECRET"
"""
    env = {
        "DBT_ENV_SECRET_KEY": "s3cret/'canary\"\u00fc",
        "DATABRICKS_TOKEN": CANARY,
        "DATABRICKS_CLIENT_SECRET": f"other {CANARY}",
    }
    running = start(project, text, env=env)
    assert end(running) == ("returned None", "")
    said = running.stdout.read_text()
    told = [line for line in said.splitlines() if line[0] not in "{+"]
    assert told == ['json: "*****"', "repr: '*****'", "url: *****", "token: *****, secret: *****"]
    assert "canary" not in said


def test_environment_of_the_script(project: Project) -> None:
    """It holds what was given and no more, the wheel's programs, and no secret is told of it."""
    text = """
env | grep '^DBT_RUNNER_' | sort
command -v dbt dbt-runner python
env | grep '^DATABRICKS_' || echo none of Databricks
echo "secret: $DBT_ENV_SECRET_KEY"
echo "from: $PWD"
dirname "$DBT_TARGET_PATH" "$DBT_LOG_PATH" "$DBT_PROFILES_DIR" "$TMPDIR" | sort -u
"""
    words = ("--run-type=test", "--select=", '--vars={"day": "a b"}', "--other=1")
    env = {"DBT_RUNNER_THREADS": "2", "DBT_ENV_SECRET_KEY": CANARY}
    running = start(project, text, *words, env=env)
    assert end(running) == ("returned None", "")
    lines = [line for line in running.stdout.read_text().splitlines() if line[0] != "{"]
    [folder] = {str(Path(line).parent) for line in lines[3:6]}
    assert Path(folder).parent.parent == project.tmp
    assert lines[:-1] == [
        "DBT_RUNNER_RUN_TYPE=test",
        "DBT_RUNNER_THREADS=2",
        'DBT_RUNNER_VARS={"day": "a b"}',
        *(f"{folder}/{name}" for name in ("dbt", "dbt-runner", "python")),
        "none of Databricks",
        "secret: *****",
        f"from: {project.root}",
    ]
    assert Path(lines[-1]).parent == project.tmp
    assert CANARY not in running.stdout.read_text()
    assert_clean(project, running)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--script=/x.sh",), "script: given more than once", id="script-twice"),
        pytest.param(("--catalog=other",), "catalog: a job may not set it to", id="not-listed"),
        pytest.param(("--run_type=fulll",), "run_type: 'fulll' is no run type", id="bad-value"),
        pytest.param(("--target=prod",), "target: a job may not set it to", id="other-target"),
        pytest.param(("run",), "'run' stands alone", id="a-word"),
    ],
)
def test_refused_before_the_script_starts(
    project: Project, words: tuple[str, ...], message: str
) -> None:
    """What a run would refuse is refused before the script starts."""
    running = start(project, f"touch {project.root}/started\n", *words)
    kind, told = end(running)
    assert kind == "SettingsError 2"
    assert told.startswith(message)
    assert not (project.root / "started").exists()
    assert running.stdout.read_text() == ""
    assert_clean(project, running)
