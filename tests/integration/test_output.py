"""What people and machines see of a run."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Project, Running

CHATTER = """
{{ log('chatter of log', info=true) }}{{ print('chatter of print') }}
{% do exceptions.warn('chatter of warn') %} select 1 as id
"""
OLD_FORM = """
models:
  - name: first
    columns: [{name: id, data_tests: [accepted_values: {values: [1]}]}]
"""
ENDLESS = """
{% if execute %}{% for a in range(99999) %}{% for b in range(99999) %}
{% endfor %}{% endfor %}{% endif %} select 1 as id
"""


class Terminal:
    """A terminal with a person at it."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        self.streams = {"stdin": slave, "stdout": slave, "stderr": slave}
        self._slave = slave
        self._seen = bytearray()
        self._left = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        # a process that a failed test left at the other end must not hold this one up
        while not self._left.is_set():
            if not select.select([self._master], [], [], 0.1)[0]:
                continue
            try:
                self._seen += os.read(self._master, 65536)
            except OSError:
                # nobody is at the other end any more
                return

    @property
    def text(self) -> str:
        """What was written to it so far, without colours."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._seen.decode(errors="replace"))

    def wait_for(self, text: str) -> None:
        """Wait until a text was written."""
        deadline = time.monotonic() + 30
        while text not in self.text:
            assert time.monotonic() < deadline, self.text
            time.sleep(0.01)

    def close(self) -> None:
        """Leave it."""
        self._left.set()
        os.close(self._slave)
        self._reader.join()
        os.close(self._master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal, and nothing left of it later."""
    made = Terminal()
    yield made
    made.close()


def start_at(terminal: Terminal, project: Project, *arguments: str) -> Running:
    """Start a run at a terminal, where nothing says what the log is to look like."""
    environment = {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    options: dict[str, Any] = terminal.streams
    return project.start("--log-format=", *arguments, env=environment, **options)


def test_terminal(project: Project, terminal: Terminal) -> None:
    """At a terminal there is progress while it goes on, and one table at the end."""
    project.model("first").model(
        "second",
        "select count(*) as n, {{ 1 }} as id from range(900000000) as t(i) where hash(i) > 1",
    )
    running = start_at(terminal, project, "--run-type=full")
    assert running.process.wait(60) == 0
    terminal.wait_for("artifacts:")
    seen = terminal.text
    assert "starting dbt" in seen
    assert "parsing the project" in seen
    assert "1 of 2  second" in seen
    assert seen.count("SUCCESS after") == 1
    assert seen.count("slowest") == 1
    last_screen = seen[seen.index("SUCCESS after") :]
    assert "model.shop.second" in last_screen
    assert "--run-type incremental" in last_screen
    assert '"event"' not in seen


def test_failure_at_a_terminal(project: Project, terminal: Terminal) -> None:
    """A person is told what failed, why, in which file, and what to type next."""
    project.model("bad", "select no_such_column")
    running = start_at(terminal, project, "--run-type=full", "--target-schema=lab")
    assert running.process.wait(60) == 1
    terminal.wait_for("next:")
    seen = terminal.text
    assert "FAILED after" in seen
    assert "exit code 1" in seen
    assert "file: models/bad.sql" in seen
    sql = re.search(r"SQL:\s+(\S+)", seen)
    assert sql
    assert "no_such_column" in (project.root / sql[1]).read_text(encoding="utf-8")
    assert f"--target-schema lab --project-dir {project.folder}" in seen
    assert "--run-type incremental --select bad+" in seen


def test_third_interrupt_at_a_terminal(project: Project, terminal: Terminal) -> None:
    """Somebody who presses Ctrl-C three times does not wait for the grace time."""
    project.model("stuck", ENDLESS)
    running = start_at(terminal, project, "--run-type=full")
    terminal.wait_for("stuck")
    began = time.monotonic()
    for _ in range(3):
        running.send(signal.SIGINT)
        time.sleep(0.1)
    assert running.process.wait(60) == 130
    assert time.monotonic() - began < 5
    terminal.wait_for("CANCELLED after")


def test_console_format_in_a_pipe(project: Project) -> None:
    """Text that goes into a file holds no escape codes and nothing that moves."""
    project.model("first").model("bad", "select no_such_column")
    result = project.run("--run-type=full", "--log-format=console")
    assert result.code == 1
    assert result.stderr == ""
    assert not set(result.stdout) & {"\x1b", "\r", "\b"}
    assert result.stdout.splitlines()[0].startswith("full of shop in local.analytics, version ")
    assert (
        len(re.findall(r"^ +\d/2 \w+ +[\d.]+ s  model\.shop\.\w+$", result.stdout, re.MULTILINE))
        == 2
    )
    assert "no_such_column" in result.stdout
    assert "next:      dbt-runner --target local" in result.stdout


def test_json_lines(project: Project) -> None:
    """Each node begins once and ends once, and every line stands for itself."""
    project.write("seeds/colours.csv", "id\n1\n2\n").model(
        "first", "select * from {{ ref('colours') }}"
    )
    project.model("bad", "select no_such_column").model("after", "select * from {{ ref('bad') }}")
    project.write("tests/no_rows.sql", "select * from {{ ref('first') }} where id = 9")
    result = project.run("--run-type=full")
    lines = result.lines
    assert [line["event"] for line in lines[:3]] == ["run.started", "run.parsing", "run.planned"]
    assert all({"timestamp", "level", "event"} <= line.keys() for line in lines[:-1])
    ended = [line["unique_id"] for line in result.events("node.finished")]
    begun = [line["unique_id"] for line in result.events("node.started")]
    planned = [n["unique_id"] for n in result.artifact("plan.json")["commands"][0]["nodes"]]
    assert sorted(begun) == sorted(ended) == sorted(planned)
    told = {
        row["unique_id"]: row["adapter_response"].get("rows_affected")
        for row in result.artifact("commands/01-build/run_results.json")["results"]
    }
    rows = {line["unique_id"]: line.get("rows") for line in result.events("node.finished")}
    assert rows == told
    assert rows["seed.shop.colours"] == 2
    assert lines[-1]["event"] == "run.finished"


def test_chatter_of_dbt(project: Project) -> None:
    """What dbt and macros say for themselves is in dbt.log, and warnings are told and counted."""
    project.model("chatty", CHATTER)
    result = project.run("--run-type=full")
    assert result.code == 0
    assert "chatter of log" not in result.stdout + result.stderr
    assert "chatter of print" not in result.stdout + result.stderr
    log = (result.artifacts / "dbt.log").read_text(encoding="utf-8")
    assert "chatter of log" in log
    warned = [line for line in result.events("dbt.warned") if "of warn" in line["message"]]
    assert warned
    assert result.summary["warnings"] == len(result.events("dbt.warned"))


def test_deprecations(project: Project) -> None:
    """dbt's deprecation warnings are told and counted, and fail the run with warnings=error."""
    project.model("first").write("models/first.yml", OLD_FORM)
    result = project.run("--run-type=full")
    assert result.code == 0
    names = [line["name"] for line in result.events("dbt.warned")]
    assert names == ["MissingArgumentsPropertyInGenericTestDeprecation"]
    assert result.summary["warnings"] == 1
    result = project.run("--run-type=full", "--warnings=error")
    assert result.code != 0
    assert "MissingArgumentsPropertyInGenericTestDeprecation" in str(result.summary)


def test_quiet_levels(project: Project) -> None:
    """With log_level=error only failures and the summary are told."""
    project.model("first").model("bad", "select no_such_column")
    result = project.run("--run-type=full", "--log-level=error")
    assert [line["event"] for line in result.lines] == ["node.finished", "run.finished"]
