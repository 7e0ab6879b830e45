"""What disks, files, streams and other processes do to a run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from runs import Finished, Project

# What disks and streams do does not hang on the version of Python.
pytestmark = pytest.mark.slow

MEGABYTE = 1024 * 1024
BIG = "select 1 as id\n{{ '-- filler' ~ ('x' * 5000000) }}"
"""dbt writes it three times: compiled, as it is run, and in run_results.json."""

SLOW_SOURCE = """
sources:
  - name: raw
    tables:
      - name: orders
        config:
          freshness: {error_after: {count: 1, period: day}}
          loaded_at_query: >-
            select now() from (select count(*) from range(300000000) as t(i) where hash(i) > 1)
"""


@pytest.fixture(scope="session")
def _mounts() -> None:
    """Only root may mount, and not in every container."""
    if not shutil.which("unshare"):
        pytest.skip("needs unshare")
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip("needs the right to mount")


def disk(folder: Path, size: int, fill: int = 0) -> tuple[str, ...]:
    """Run a command that sees a small disk in place of a folder, of which a copy stays behind."""
    folder.mkdir(exist_ok=True)
    script = f"""
mount -t tmpfs -o size={size} tmpfs {folder} || exit 99
head -c {fill} /dev/zero > {folder}/filler
"$@"
code=$?
cp -r {folder} {folder}-seen
exit $code
"""
    return ("unshare", "--mount", "sh", "-c", script, "sh")


def read_only(folder: Path) -> tuple[str, ...]:
    """Run a command that cannot write into a folder, root or not."""
    script = f'mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && exec "$@"'
    return ("unshare", "--mount", "sh", "-c", script, "sh")


def assert_not_green(result: Finished) -> None:
    """The run is red with a reason, and its folder is nowhere called complete."""
    assert result.code == result.summary["exit_code"] != 0
    assert result.summary["status"] == "error"
    assert result.summary["artifacts"] is None
    assert result.summary["error"]
    assert len(result.events("artifacts.lost")) == 1
    assert "Traceback" not in result.stderr


def listing(folder: Path) -> dict[str, str]:
    """Digest of every file, by its path."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_file_in_the_way_of_the_artifacts(project: Project) -> None:
    """Where no artifacts can be kept, nothing is begun."""
    project.model("orders")
    project.artifacts.write_text("a file")
    result = project.run("--run-type=full")
    assert result.code == 2
    assert result.stderr.startswith(f"dbt-runner: artifacts: {project.artifacts}/shop")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.parametrize("mark", ["#", "?"])
def test_artifacts_that_duckdb_cannot_open(project: Project, mark: str) -> None:
    """A folder whose name DuckDB would take for an address is refused before anything is made."""
    project.model("orders")
    folder = project.root / f"a{mark}b"
    result = project.run("--run-type=full", f"--artifacts={folder}")
    assert result.code == 2
    assert result.stderr.startswith("dbt-runner: artifacts: ")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    assert not folder.exists()
    assert not (project.root / "a").exists()


@pytest.mark.usefixtures("_mounts")
def test_read_only_artifacts(project: Project) -> None:
    """The same on a disk that is read-only."""
    project.model("orders")
    project.artifacts.mkdir()
    result = project.start("--run-type=full", prefix=read_only(project.artifacts)).finish()
    assert result.code == 2
    assert "Read-only file system; name another folder" in result.stderr
    assert list(project.artifacts.iterdir()) == []


@pytest.mark.usefixtures("_mounts")
def test_artifacts_are_full_before_the_run(project: Project) -> None:
    """Where not even the run's settings can be written down, nothing is begun."""
    project.model("orders")
    prefix = disk(project.artifacts, 65536, fill=65536)
    result = project.start("--run-type=full", prefix=prefix).finish()
    assert result.code == 2
    assert "No space left on device" in result.stderr
    assert "Traceback" not in result.stderr
    assert "run.parsing" not in result.stdout


@pytest.mark.usefixtures("_mounts")
def test_artifacts_get_full(project: Project) -> None:
    """When the data is written and the artifacts don't fit, the run ends with a code for that."""
    project.model("orders", BIG)
    prefix = disk(project.artifacts, 8 * MEGABYTE)
    result = project.start("--run-type=full", prefix=prefix).finish()
    assert result.code == 4
    assert_not_green(result)
    assert "No space left on device" in result.summary["error"]
    assert result.nodes == {"success": 1}
    seen = project.root / "artifacts-seen"
    assert list(seen.rglob("complete")) == []
    assert project.tables(seen / "local.duckdb") == ["analytics.orders"]


@pytest.mark.usefixtures("_mounts")
@pytest.mark.parametrize(
    ("size", "code", "built"),
    [(1, 2, False), (6, 2, False), (15, 4, True)],
    ids=["parse", "model", "results"],
)
def test_temporary_folder_gets_full(project: Project, size: int, code: int, built: bool) -> None:
    """Wherever dbt runs out of disk, the exit code tells whether the data is there."""
    project.model("orders", BIG)
    prefix = disk(project.tmp, size * MEGABYTE)
    result = project.start("--run-type=full", prefix=prefix).finish()
    assert result.code == code, result.stdout
    assert project.tables() == (["analytics.orders"] if built else [])
    assert "No space left on device" in str(result.summary)
    assert "Traceback" not in result.stderr
    if code == 4:
        assert_not_green(result)
        assert list(project.artifacts.rglob("complete")) == []


def test_artifacts_vanish(project: Project) -> None:
    """When somebody removes a run's folder while it runs, the run is not green."""
    project.model("orders", "select count(*) as n from range(300000000) as t(i) where hash(i) > 1")
    running = project.fork("--run-type=full")
    running.wait_for("node.started")
    shutil.rmtree(project.artifacts / "shop")
    result = running.finish()
    assert result.code == 4
    assert_not_green(result)
    assert list(project.artifacts.rglob("complete")) == []


def test_check_of_sources_cannot_be_written(project: Project) -> None:
    """Code 4 says that the data is written, so a run that was stopped before has another one."""
    project.model("orders")
    project.write("models/sources.yml", SLOW_SOURCE)
    running = project.fork("--run-type=fresh")
    running.wait_for("node.started")
    [folder] = project.tmp.rglob("01-source-freshness")
    (folder / "sources.json").mkdir()
    result = running.finish()
    assert result.code == 2
    assert result.summary["status"] == "error"
    assert "Is a directory" in result.summary["error"]
    assert project.tables() == []
    assert list(project.artifacts.rglob("complete")) == []


def test_database_is_busy(project: Project) -> None:
    """A run on a database file that another process holds ends with one line that names it."""
    project.model("orders")
    project.artifacts.mkdir()
    with duckdb.connect(str(project.file)):
        result = project.run("--run-type=full")
    assert result.code == 6
    assert result.summary["status"] == "error"
    assert result.summary["error"].startswith(f"{project.file} is in use by another process")
    assert len(result.summary["error"].splitlines()) == 1
    assert result.is_complete()


def test_database_gets_busy(project: Project) -> None:
    """The same when the other process comes between the preparation and dbt."""
    project.model("orders")
    running = project.fork("--run-type=full")
    running.wait_for("run.parsing")
    with duckdb.connect(str(project.file)):
        result = running.finish()
    assert result.code == 6
    assert str(project.file) in result.summary["error"]
    assert len(result.summary["error"].splitlines()) == 1
    assert project.tables() == []


def test_two_processes(project: Project) -> None:
    """Of two runs at once on one database file one works and one is turned away."""
    project.model("orders", "select count(*) as n from range(1000000000) as t(i) where hash(i) > 1")
    first = project.fork("--run-type=full")
    first.wait_for("node.started")
    second = project.run("--run-type=full")
    assert second.code == 6
    assert first.finish().code == 0


def test_two_runs_in_one_process(project: Project) -> None:
    """dbt runs once at a time in a process, so a second run there is turned away."""
    project.model("orders")
    program = """
import sys, threading
from dbt_runner import cli
ends = []
threads = [threading.Thread(target=lambda: ends.append(cli.main())) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sorted(ends), file=sys.stderr)
"""
    result = project.start("--run-type=full", program=("-c", program)).finish()
    assert result.stderr == "[0, 6]\n"
    errors = [line["error"] for line in result.events("run.finished")]
    assert "another run is going on in this process; dbt runs one at a time" in errors
    assert project.tables() == ["analytics.orders"]


@pytest.mark.parametrize(
    ("script", "sql", "code"),
    [
        ('"$@" | head -n 1; exit ${PIPESTATUS[0]}', "select 1 as id", 0),
        ('"$@" > /dev/full', "select no_such_column", 1),
        ('"$@" >&-', "select 1 as id", 0),
    ],
    ids=["head", "full", "closed"],
)
def test_broken_standard_output(project: Project, script: str, sql: str, code: int) -> None:
    """What becomes of the output changes neither the run nor its exit code."""
    project.model("orders", sql)
    result = project.start("--run-type=full", prefix=("bash", "-c", script, "bash")).finish()
    assert result.code == code
    assert result.stderr == ""
    [summary] = project.artifacts.rglob("summary.json")
    assert summary.with_name("complete").is_file()


@pytest.mark.parametrize("form", ["json", "console"])
def test_ascii_locale(project: Project, form: str) -> None:
    """Names and messages beyond ASCII pass through a locale that knows only that."""
    project.model("größe", "select 'ü' as \"süß\"").model("bad", "select error('日本 – ✗')")
    environment = {"LC_ALL": "C", "LANG": None, "PYTHONIOENCODING": "ascii"}
    result = project.start(f"--log-format={form}", env=environment).finish()
    assert result.code == 1
    assert result.stderr == ""
    assert result.stdout.isascii()
    assert project.tables() == ["analytics.größe"]
    [file] = project.artifacts.rglob("summary.json")
    assert "日本 – ✗" in file.read_text(encoding="utf-8")


def test_project_is_not_written_to(project: Project) -> None:
    """A run leaves the project as it was."""
    project.model("orders").write("seeds/colours.csv", "id\n1\n")
    before = listing(project.folder)
    for run_type in ("full", "docs"):
        assert project.run(f"--run-type={run_type}").code == 0
    assert listing(project.folder) == before
    assert {path.name for path in project.root.iterdir() if path.is_dir()} == {
        "shop",
        "artifacts",
        "home",
        "cache",
        "tmp",
    }
    assert list((project.root / "home").iterdir()) == []
    assert list(project.tmp.iterdir()) == []


@pytest.mark.usefixtures("_mounts")
def test_read_only_project_and_home(project: Project) -> None:
    """Neither the project nor the home needs to be writable."""
    project.model("orders").write("seeds/colours.csv", "id\n1\n")
    home = project.root / "home"
    prefix = (*read_only(project.folder), *read_only(home))
    environment = {"XDG_CACHE_HOME": None}
    result = project.start("--run-type=full", env=environment, prefix=prefix).finish()
    assert result.code == 0, result.stdout
    assert list(home.iterdir()) == []
    assert project.tables() == ["analytics.colours", "analytics.orders"]


def test_no_home(project: Project) -> None:
    """A process without a home runs as well, as under some service managers."""
    project.model("orders")
    environment = {"HOME": None, "XDG_CACHE_HOME": str(project.root / "cache")}
    result = project.run("--run-type=full", env=environment)
    assert result.code == 0
    assert result.stderr == ""


def test_no_home_and_no_cache(project: Project) -> None:
    """Without a home what is kept between runs lies in a temporary folder of the user's own."""
    project.model("orders")
    environment = {"HOME": None, "XDG_CACHE_HOME": None}
    assert project.run("--run-type=full", env=environment).code == 0
    folder = project.tmp / f"dbt-runner-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    result = project.run("--run-type=full", env=environment)
    assert result.summary["parse"].startswith("partial")


def test_temporary_cache_that_others_may_write(project: Project) -> None:
    """A temporary folder that others may write into is neither read nor written."""
    project.model("orders")
    folder = project.tmp / f"dbt-runner-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    environment = {"HOME": None, "XDG_CACHE_HOME": None}
    result = project.run("--run-type=full", env=environment)
    assert result.code == 0, result.stdout
    assert result.stderr == ""
    assert list(folder.iterdir()) == []


def test_memory_limit(project: Project) -> None:
    """A query beyond the memory that DuckDB may take is that node's error."""
    project.model("orders", "select list(i) as l from range(100000000) as t(i)")
    project.write(
        "dbt_project.yml", "name: shop\nprofile: shop\non-run-start: \"set memory_limit='60MB'\"\n"
    )
    result = project.run("--run-type=full")
    assert result.code == 1
    assert "Out of Memory" in result.failed["orders"]["message"]
