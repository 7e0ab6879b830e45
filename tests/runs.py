"""A small dbt project on disk, and dbt-runner run on it as its users do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

if TYPE_CHECKING:
    from collections.abc import Mapping

WARM = Path(__file__).with_name("warm.py")
MAIN = ("-c", "import sys; from dbt_runner.cli import main; sys.exit(main())")
DBT_PROJECT = """
name: shop
version: "1.0"
profile: shop
flags: {send_anonymous_usage_stats: false}
"""


@dataclass(frozen=True)
class Finished:
    """A process that ran dbt-runner to its end."""

    code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output, each line a JSON object."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        """The last line."""
        last = self.lines[-1]
        assert last["event"] == "run.finished", self.stdout + self.stderr
        return last

    @property
    def artifacts(self) -> Path:
        """The folder that the summary names."""
        return Path(self.summary["artifacts"])

    @property
    def nodes(self) -> dict[str, int]:
        """Number of nodes by status, without zeros; every planned node has a status."""
        counts = dict(self.summary["nodes"])
        total = counts.pop("total")
        assert sum(counts.values()) == total, counts
        return {status: number for status, number in counts.items() if number}

    @property
    def failed(self) -> dict[str, dict[str, Any]]:
        """What the summary says on nodes that are not green, by the node's name."""
        return {item["unique_id"].split(".")[2]: item for item in self.summary["failed"]}

    def events(self, name: str) -> list[dict[str, Any]]:
        """Log lines of one event."""
        return [line for line in self.lines if line["event"] == name]

    def statuses(self) -> dict[str, str]:
        """Status by the node's name, from the log."""
        return {
            line["unique_id"].split(".")[2]: line["status"] for line in self.events("node.finished")
        }

    def artifact(self, path: str) -> Any:
        """A JSON file among the artifacts."""
        return json.loads((self.artifacts / path).read_text(encoding="utf-8"))

    def is_complete(self) -> bool:
        """Whether the run's folder is complete and tells what standard output told."""
        return (self.artifacts / "complete").is_file() and (
            self.artifact("summary.json") == self.summary
        )


class Process(Protocol):
    """What the tests need of a process."""

    pid: int

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; the exit code, or minus the number of the signal that was it."""


@dataclass
class Running:
    """A process that runs dbt-runner, in a session of its own."""

    process: Process
    stdout: Path
    stderr: Path

    def wait_for(self, text: str, seconds: float = 30) -> None:
        """Wait until a text stands on standard output."""
        deadline = time.monotonic() + seconds
        while text not in self.stdout.read_text(encoding="utf-8"):
            assert self.is_alive(), "the process has ended"
            assert time.monotonic() < deadline, "it took too long"
            time.sleep(0.002)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        os.kill(self.process.pid, number)

    def finish(self, seconds: float = 60) -> Finished:
        """Wait for the end."""
        code = self.process.wait(seconds)
        return Finished(
            code,
            self.stdout.read_text(encoding="utf-8"),
            self.stderr.read_text(encoding="utf-8"),
        )

    def is_alive(self) -> bool:
        """Whether the process itself has not ended."""
        return _session(self.process.pid) is not None

    def family(self) -> list[int]:
        """Process ids of what lives of its session."""
        numbers = [int(place.name) for place in Path("/proc").glob("[0-9]*")]
        return [number for number in numbers if _session(number) == self.process.pid]

    def end(self) -> None:
        """End whatever is left of it."""
        for process in self.family():
            os.kill(process, signal.SIGKILL)


def _session(process: int) -> int | None:
    """The session of a process; `None` for one that has ended."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    state, _, _, session = stat.rpartition(")")[2].split()[:4]
    return None if state == "Z" else int(session)


class Warm:
    """A process that forks others in which the libraries are imported already."""

    def __init__(self, *libraries: str) -> None:
        """Start it; further libraries are imported beside those of every run."""
        self._process = subprocess.Popen(
            [sys.executable, str(WARM), *libraries],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            text=True,
        )

    def ask(self, **request: Any) -> int:
        """Have a process started or waited for."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@dataclass
class Forked:
    """A process of `Warm`."""

    pid: int
    warm: Warm

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, however long it takes."""
        del timeout
        return self.warm.ask(wait=self.pid)


@dataclass
class Project:
    """A dbt project named `shop`, and everything that its runs touch, in one folder."""

    root: Path
    warm: Warm
    started: list[Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        for folder in (self.folder, self.tmp, self.root / "home"):
            folder.mkdir()
        self.write("dbt_project.yml", DBT_PROJECT)

    @property
    def folder(self) -> Path:
        """The dbt project."""
        return self.root / "shop"

    @property
    def site(self) -> Path | None:
        """What the runs import dbt-runner from; `None` for the checkout."""
        return None

    @property
    def artifacts(self) -> Path:
        """The folder that outlives a run."""
        return self.root / "artifacts"

    @property
    def tmp(self) -> Path:
        """`TMPDIR` of the runs."""
        return self.root / "tmp"

    @property
    def file(self) -> Path:
        """The database file of the target `local`."""
        return self.artifacts / "local.duckdb"

    def write(self, path: str, text: str) -> Project:
        """Write a file of the dbt project."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return self

    def read(self, path: str) -> str:
        """A file of the dbt project."""
        return (self.folder / path).read_text(encoding="utf-8")

    def model(self, name: str, sql: str = "select 1 as id") -> Project:
        """Write a model, a table."""
        return self.write(f"models/{name}.sql", f"{{{{ config(materialized='table') }}}}\n{sql}\n")

    def query(self, sql: str, file: Path | None = None) -> list[tuple[Any, ...]]:
        """Ask the database file; a run that was refused before it wrote has not even made one."""
        if not (file or self.file).exists():
            return []
        with duckdb.connect(str(file or self.file), read_only=True) as database:
            return database.execute(sql).fetchall()

    def tables(self, file: Path | None = None) -> list[str]:
        """Names of all tables and views, with their schemas, sorted."""
        sql = "select table_schema || '.' || table_name from information_schema.tables order by 1"
        return [name for (name,) in self.query(sql, file)]

    def arguments(self, *arguments: str) -> list[str]:
        """A command line for this project."""
        own = [f"--project-dir={self.folder}", f"--artifacts={self.artifacts}"]
        form = [] if any("log-format" in word for word in arguments) else ["--log-format=json"]
        command = list(takewhile(lambda word: not word.startswith("-"), arguments))
        return [*command, *own, *form, *arguments[len(command) :]]

    def run(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Finished:
        """Run dbt-runner to its end, in a process that has imported the libraries already."""
        return self.fork(*arguments, env=env).finish()

    def fork(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Running:
        """Start dbt-runner in a process that has imported the libraries already.

        Args:
            env: variables to add, or with `None` to take away.
        """
        stdout, stderr = self._streams()
        process = self.warm.ask(
            argv=["dbt-runner", *self.arguments(*arguments)],
            env=self._environment(env),
            cwd=str(self.root),
            stdout=str(stdout),
            stderr=str(stderr),
            site=str(self.site or ""),
        )
        self.started.append(Running(Forked(process, self.warm), stdout, stderr))
        return self.started[-1]

    def start(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        program: tuple[str, ...] = MAIN,
        prefix: tuple[str, ...] = (),
        packaged: bool = False,
        **options: Any,
    ) -> Running:
        """Start dbt-runner in a fresh interpreter.

        Args:
            packaged: run the packaged project, as a job does: nothing is added to the arguments.
            env: variables to add, or with `None` to take away.
            program: what the interpreter runs.
            prefix: a command that runs the interpreter.
            options: for `subprocess.Popen`.
        """
        stdout, stderr = self._streams()
        words = arguments if packaged else self.arguments(*arguments)
        with stdout.open("wb") as out, stderr.open("wb") as err:
            process = subprocess.Popen(
                [*prefix, sys.executable, *program, *words],
                **{
                    "stdin": subprocess.DEVNULL,
                    "stdout": out,
                    "stderr": err,
                    "cwd": self.root,
                    "env": self._environment(env),
                    "start_new_session": True,
                    **options,
                },
            )
        self.started.append(Running(process, stdout, stderr))
        return self.started[-1]

    def close(self) -> None:
        """End what a test started and did not wait for."""
        for running in self.started:
            running.end()

    def _environment(self, changes: Mapping[str, str | None] | None) -> dict[str, str]:
        """What a run inherits."""
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.root / "home"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "TMPDIR": str(self.tmp),
            **(changes or {}),
        }
        return {name: text for name, text in environment.items() if text is not None}

    def _streams(self) -> tuple[Path, Path]:
        number = len(self.started)
        streams = self.root / f"{number}.out", self.root / f"{number}.err"
        for stream in streams:
            stream.touch()
        return streams
