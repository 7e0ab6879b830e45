"""examples/curl and examples/cli, with the real curl and the real Databricks CLI as clients."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import jobs_api
from dbt_runner.jobs.trigger.outcome import EXIT_CODES
from jobs.errand_wheel import condition, failure
from jobs.test_cli import CLI

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.bench import Bench

EXAMPLES = Path(__file__).parents[2] / "examples"
PARAMETERS = [{"name": name, "default": ""} for name in ("run_type", "target_schema")]
NO_CLI = pytest.mark.skipif(not CLI.exists(), reason="no Databricks CLI: make test-workspace")


@dataclass(frozen=True)
class Script:
    """An example that takes a job's id, a token and parameters.

    Attributes:
        home: of its user, who has no login there, and whose pauses take no time.
    """

    name: str
    home: Path

    def start(self, host: str, login: str, *words: object) -> subprocess.Popen[str]:
        """Start it, logged in by the environment."""
        return subprocess.Popen(
            [EXAMPLES / self.name / "run_now.sh", *map(str, words)],
            env={
                "PATH": os.pathsep.join([str(self.home), str(CLI.parent), os.environ["PATH"]]),
                "HOME": str(self.home),
                "DATABRICKS_HOST": host,
                "DATABRICKS_TOKEN": login,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(self, bench: Bench, *words: object) -> tuple[int, str]:
        """Run it; its exit code, and what it said."""
        process = self.start(bench.host, bench.token, *words)
        said = process.communicate(timeout=120)[1]
        return process.returncode, said


@pytest.fixture(params=["curl", pytest.param("cli", marks=NO_CLI)])
def script(request: pytest.FixtureRequest, tmp_path: Path) -> Script:
    """Each of the two."""
    (tmp_path / "sleep").symlink_to("/bin/true")
    return Script(request.param, tmp_path)


def created(bench: Bench) -> list[bool]:
    """Of the requests that were accepted, which made a run."""
    return [each["created"] for each in bench.control("accepted")["accepted"]]


def test_same_token_same_run(bench: Bench, script: Script) -> None:
    """A run that succeeds is a 0; the same call again finds it; values arrive as they were."""
    job = bench.create({"tasks": [condition("a")], "parameters": PARAMETERS})
    words = (job, f"{script.name}-{job}", "run_type=full", "target_schema=a=b 'ü'\n$x")
    ends = [script.run(bench, *words) for _ in range(2)]
    assert [code for code, _ in ends] == [0, 0], ends
    assert ends[0][1].splitlines()[-3] == ends[1][1].splitlines()[-3]
    first, again = bench.control("accepted")["accepted"]
    assert (first["created"], again["created"]) == (True, False)
    assert first["run_id"] == again["run_id"]
    assert first["job_parameters"] == {"run_type": "full", "target_schema": "a=b 'ü'\n$x"}


def test_failed_run(bench: Bench, script: Script) -> None:
    """A run that fails is a 1, and says so."""
    job = bench.create({"tasks": [failure("a")]})
    code, said = script.run(bench, job, f"{script.name}-{job}")
    assert code == 1, said
    assert "FAILED Task a failed" in said


def test_lost_answers(bench: Bench, script: Script) -> None:
    """An answer that is lost and a load balancer's page change nothing: one run, and its end."""
    job = bench.create({"tasks": [condition("a")]})
    lost = {"do": "drop_after"}
    page = {"do": "status", "status": 502, "path": "runs/get", "body": None}
    bench.control("faults", faults=[lost, page])
    code, said = script.run(bench, job, f"{script.name}-{job}")
    assert code == 0, said
    assert created(bench) == [True, False]
    assert [each["done"] for each in bench.control("faults")["faults"]] == [1, 1]


@pytest.mark.parametrize("words", [(), ("1",), ("one", "t"), ("1", "t", "full")], ids=" ".join)
def test_wrong_usage(bench: Bench, script: Script, words: tuple[str, ...]) -> None:
    """What is no id, token and name=value is a 2, and nothing was asked."""
    code, said = script.run(bench, *words)
    assert code == 2, said
    assert said.startswith("usage: ") or "must be name=value" in said
    assert bench.control("requests")["requests"] == []


def test_refused(bench: Bench, script: Script) -> None:
    """Without a job the workspace's own words are shown; curl tells a refusal, the CLI does not."""
    code, said = script.run(bench, 1, "refused")
    assert code == (2 if script.name == "curl" else 7)
    assert "Job 1 does not exist." in said


def test_refused_after_a_lost_answer(script: Script) -> None:
    """What is said of the second request says nothing of the first, which began a run: a 7."""
    with jobs_api.serving() as server:
        server.jobs[1] = {"name": "job"}
        server.fail(jobs_api.RUN_NOW, "drop_after", *["400"] * 9)
        process = script.start(server.url, jobs_api.TOKEN, 1, "token")
        said = process.communicate(timeout=60)[1]
        assert len(server.runs) == 1
    assert process.returncode == 7, said


@pytest.mark.parametrize("name", EXIT_CODES)
def test_ends(script: Script, name: str) -> None:
    """Each end of a run has the exit code that `dbt-runner trigger` gives it; no id is rounded."""
    job = 2**53 + 1
    life = {"INTERNAL_ERROR": ("INTERNAL_ERROR",), "SKIPPED": ("SKIPPED",)}
    with jobs_api.serving() as server:
        server.jobs[job] = {"name": "job"}
        server.lives[job] = [jobs_api.view(*life.get(name, ("TERMINATED", name)))]
        process = script.start(server.url, jobs_api.TOKEN, job, "token")
        said = process.communicate(timeout=60)[1]
    assert process.returncode == EXIT_CODES[name], said


def test_login_is_in_no_command_line(bench: Bench, script: Script) -> None:
    """While it asks, no process shows the login in its command line, where `ps` reads."""
    bench.control("faults", faults=[{"do": "slow", "seconds": 2}])
    process = script.start(bench.host, bench.token, 1, "token")
    try:
        lines = wait_for(lambda: [line for line in command_lines(process.pid) if "run-now" in line])
        assert lines, "it was seen at work"
        assert [line for line in command_lines(process.pid) if bench.token in line] == []
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(look: Callable[[], list[str]]) -> list[str]:
    """Look until there is something, for a while."""
    deadline = time.monotonic() + 20
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def command_lines(session: int) -> list[str]:
    """The command lines of a session's processes."""
    command = ["ps", "--no-headers", "-o", "args", "-g", str(session), "-ww"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
