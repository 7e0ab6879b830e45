"""A script's process: how it starts, what is heard of it, and how all of it ends."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.shell.output import Output
from dbt_runner.shell.process import MARGIN, QUIET, Process
from dbt_runner.shell.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "s3cret-canary"
TASK = """
import os, sys
from pathlib import Path
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.shell.output import Output
from dbt_runner.shell.process import Process
output = Output(sys.stdout, frozenset())
Process(Path(sys.argv[1]), os.environ, output, grace=0).run(Cancellation(), lambda: None)
"""
"""Runs a script as a task does."""


class Script:
    """A script in a folder, and what became of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "task with a space.sh"
        self.stream = io.StringIO()
        self.output = Output(self.stream, frozenset({CANARY}))
        self.cancellation = Cancellation()
        self.process: Process

    @property
    def said(self) -> str:
        """What was copied."""
        return self.stream.getvalue()

    def run(self, text: str, look: Callable[[], None] = lambda: None, grace: float = 5) -> int:
        """Run it to its end; its exit status."""
        self.path.write_text(text)
        environment = {"PATH": os.environ["PATH"], "SECRET": CANARY}
        self.process = Process(self.path, environment, self.output, grace)
        return self.process.run(self.cancellation, look)

    def is_alive(self) -> bool:
        """Whether anything of it is left."""
        return Session(self.process._process.pid).is_alive()

    def when(self, text: str, do: Callable[[], None]) -> Callable[[], None]:
        """Do something once a text was said."""
        return lambda: do() if text in self.said else None


def has_ended(session: Session, seconds: float) -> bool:
    """Whether all of a session ends within a time; after it, it has ended in any case."""
    end = time.monotonic() + seconds
    while session.is_alive() and time.monotonic() < end:
        time.sleep(0.05)
    alive = session.is_alive()
    session.send(signal.SIGKILL)
    return not alive


def children() -> set[str]:
    """Process ids of what this process has started."""
    places = Path("/proc/self/task").glob("*/children")
    return {number for place in places for number in place.read_text().split()}


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """An empty script."""
    return Script(tmp_path)


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        pytest.param("echo good\n", 0, "good\n", id="good"),
        pytest.param("echo a; false; echo b\n", 1, "a\n", id="first-failure-ends-it"),
        pytest.param("false | true; echo b\n", 1, "", id="a-pipe-fails-with-any-part"),
        pytest.param("exit 7\n", 7, "", id="its-own-status"),
        pytest.param("kill -KILL $$\n", 137, "", id="killed"),
        pytest.param("read line || echo nothing\n", 0, "nothing\n", id="standard-input-is-empty"),
        pytest.param("echo a; echo b >&2; echo c\n", 0, "a\nb\nc\n", id="in-order"),
        pytest.param("printf 'a\\nb'\n", 0, "a\nb", id="no-line-break-at-the-end"),
        pytest.param("printf 'a\\n\\xff\\n'\n", 0, "a\n\\xff\n", id="no-utf-8"),
        pytest.param("printf $SECRET; echo $SECRET\n", 0, "*****" * 2 + "\n", id="secret"),
        pytest.param(
            "printf s3cret; sleep 0.2; printf -- -canary\n", 0, "*****", id="secret-in-two-parts"
        ),
        pytest.param("exec >&- 2>&-; sleep 0.2; exit 3\n", 3, "", id="closes-its-output"),
    ],
)
def test_end_and_output(script: Script, text: str, status: int, said: str) -> None:
    """Every end is told by the exit status, and all that was said is heard, without secrets."""
    assert script.run(text) == status
    assert script.said == said
    assert not script.is_alive()


def test_line_without_an_end(script: Script) -> None:
    """A line beyond measure is copied in parts, cut between words."""
    assert script.run("printf 'a word %.0s' {1..400000}\n") == 0
    assert script.said == "a word " * 400000


def test_lines_of_a_secret(tmp_path: Path) -> None:
    """A secret of several lines, such as a key, is hidden line by line."""
    stream = io.StringIO()
    output = Output(stream, frozenset({"-----BEGIN\nMIIEvQIBADANBg\nx\n"}))
    output.take(b"MIIEvQIBADANBg\nx\n")
    assert stream.getvalue() == "*****\nx\n"


def test_unset_variable_is_a_failure(script: Script) -> None:
    """A mistyped variable ends the script rather than being empty."""
    assert script.run("echo $TARGET_SCHMEA; echo b\n") != 0
    assert "TARGET_SCHMEA: unbound variable" in script.said


def test_much_output(script: Script) -> None:
    """Nothing is lost of what is said faster than it is copied."""
    assert script.run("seq 200000; printf end\n") == 0
    assert script.said == "".join(f"{number}\n" for number in range(1, 200001)) + "end"


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        pytest.param(
            'exec > >(tee "$0.log") 2>&1; seq 200000; echo THE LAST LINE\n',
            0,
            "".join(f"{number}\n" for number in range(1, 200001)) + "THE LAST LINE\n",
            id="tee",
        ),
        pytest.param(
            "exec > >(sed s/^/x/) 2>&1; seq 20000; exit 4\n",
            4,
            "".join(f"x{number}\n" for number in range(1, 20001)),
            id="sed-and-a-failure",
        ),
        pytest.param(
            "exec > >(while read -r line; do sleep 0.7; echo $line; done); seq 5\n",
            0,
            "1\n2\n3\n4\n5\n",
            id="slow",
        ),
        pytest.param("(sleep 1; echo late) & echo up\n", 0, "up\nlate\n", id="in-the-background"),
    ],
)
def test_words_on_their_way_are_heard(script: Script, text: str, status: int, said: str) -> None:
    """What goes through another process is copied to its end, after that of the script."""
    assert script.run(text) == status
    assert script.said == said
    assert not script.is_alive()


def test_wish_ends_the_hearing(script: Script) -> None:
    """Who wishes the end does not wait until all is said."""
    text = "(for i in {1..200}; do echo on; sleep 0.1; done) & echo up $$\n"
    timer = threading.Timer(1, script.cancellation.request, ("cancelled", 143, "test"))
    timer.start()
    began = time.monotonic()
    assert script.run(text, grace=20) == 0
    assert time.monotonic() - began < 4
    assert not script.is_alive()


def test_script_leaves_no_process(script: Script) -> None:
    """What watches over the script while it runs is gone with it."""
    before = children()
    seen: list[set[str]] = []
    assert (
        script.run("echo up; sleep 0.3\n", script.when("up", lambda: seen.append(children()))) == 0
    )
    assert len(seen[0] - before) == 2, "bash and the watchdog"
    assert children() == before


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("sleep 60 &", id="in-order"),
        pytest.param("trap '' TERM; sleep 60 & kill 0;", id="deaf-to-TERM"),
        pytest.param("set -m; (trap '' HUP; sleep 60) &", id="in-a-group-of-its-own"),
    ],
)
def test_script_ends_with_its_task(tmp_path: Path, text: str) -> None:
    """Whatever ends this process, the script and its children end too, hard after the grace."""
    path = tmp_path / "task.sh"
    path.write_text(f"{text} echo $$; while true; do sleep 0.1; done\n")
    with subprocess.Popen([sys.executable, "-c", TASK, path], stdout=subprocess.PIPE) as task:
        assert task.stdout is not None
        session = Session(int(task.stdout.readline()))
        assert session.is_alive()
        task.kill()
    assert has_ended(session, MARGIN + 3)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("sleep 60 & echo up\n", id="in-its-group"),
        pytest.param("sleep 60 >/dev/null 2>&1 & disown; echo up\n", id="disowned"),
        pytest.param("set -m; sleep 60 & echo up\n", id="in-a-group-of-its-own"),
        pytest.param("(trap '' TERM; sleep 60; sleep 60) & echo up\n", id="deaf-to-TERM"),
        pytest.param("while true; do echo on; sleep 0.1; done & echo up\n", id="talks-on"),
    ],
)
def test_what_is_left_in_the_background_is_ended(script: Script, text: str) -> None:
    """Nothing that a script started outlives it."""
    began = time.monotonic()
    assert script.run(text, grace=0) == 0
    assert time.monotonic() - began < QUIET + MARGIN + 2
    assert not script.is_alive()


def test_what_is_left_may_end_in_order(script: Script) -> None:
    """A process left in the background hears TERM, and has its time to clean up."""
    text = "(trap 'sleep 0.3; echo cleaned; exit' TERM; echo up; sleep 60 & wait) & sleep 0.3\n"
    assert script.run(text) == 0
    assert script.said == "up\ncleaned\n"


def test_process_of_another_session_holds_up_nothing(script: Script) -> None:
    """What left the session is not ended, and the task does not wait for it either."""
    began = time.monotonic()
    assert script.run("setsid sleep 20 & echo $!; sleep 0.2\n") == 0
    assert time.monotonic() - began < 5
    os.kill(int(script.said), signal.SIGKILL)


def test_signals_are_handed_on_once_each(script: Script) -> None:
    """Script and children hear each signal once, and the script decides how it ends."""
    text = """
trap 'echo TERM' TERM; trap 'echo HUP' HUP
(trap '' HUP; trap 'echo child TERM' TERM; echo up
 for i in 1 2 3 4 5 6; do sleep 0.2 || true; done) &
for i in 1 2 3 4 5 6 7 8; do sleep 0.2 || true; done; exit 9
"""

    def wish() -> None:
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
            script.cancellation._handle(number, None)

    assert script.run(text, script.when("up", wish)) == 9
    lines = script.said.splitlines()
    assert [lines.count(name) for name in ("HUP", "TERM", "child TERM")] == [1, 1, 1]


def test_time_limit_is_a_TERM(script: Script) -> None:  # noqa: N802
    """A wish to end that is no signal arrives as TERM."""
    wish = script.when("up", lambda: script.cancellation.request("timeout", 124, "test"))
    assert script.run("trap 'echo TERM; exit 5' TERM; echo up; sleep 60 & wait\n", wish) == 5
    assert script.said == "up\nTERM\n"


def test_deaf_script_is_killed(script: Script) -> None:
    """A script that ignores TERM, and its children, end hard after the grace time."""
    wish = script.when("up", lambda: script.cancellation.request("cancelled", 143, "test"))
    began = time.monotonic()
    text = "trap '' TERM; sleep 60 & echo up; while true; do sleep 0.1; done\n"
    assert script.run(text, wish, grace=0.5) == 137
    assert MARGIN + 0.5 <= time.monotonic() - began < MARGIN + 3
    assert not script.is_alive()


def test_children_have_their_time_after_the_script(script: Script) -> None:
    """Bash dies of TERM at once; what it waited for still ends in order, and is heard."""
    text = "bash -c 'trap \"sleep 0.5; echo cleaned; exit 3\" TERM; echo up; sleep 60 & wait'\n"
    wish = script.when("up", lambda: script.cancellation.request("cancelled", 143, "test"))
    assert script.run(text + "echo not here\n", wish) == 143
    assert script.said == "up\ncleaned\n"


def test_summary_is_remembered(script: Script) -> None:
    """The last summary that a run printed is known, whatever else is said."""
    text = """
echo '{"event": "run.finished", "exit_code": 1}'; echo '{"event": "run.finished", "exit_code": 0}'
echo '{"run.finished"'; echo '{"event": "other", "a": "run.finished"}'; echo run.finished
"""
    assert script.run(text) == 0
    assert script.output.summary == {"event": "run.finished", "exit_code": 0}
