"""What benchmarks stand on: generated projects, and figures that a program can read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from generated_project import Shape, write

if TYPE_CHECKING:
    from runs import Project

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
START = BENCHMARKS / "start.py"


@pytest.mark.parametrize("shape", ["chain", "macros"])
def test_generated_project_builds(project: Project, shape: Shape) -> None:
    """A project builds without a warning, with as many nodes as the generator says."""
    expected = write(project.folder, 10, shape)
    done = project.run("--run-type=full", "--warnings=error")
    assert done.code == 0, done.stdout + done.stderr
    assert sum(done.nodes.values()) == expected
    assert project.query("select epoch(now() - began_at) < 60 from analytics.clock") == [(True,)]


def test_generated_project_is_the_same_each_time(tmp_path: Path) -> None:
    """The same arguments give the same files with the same bytes."""

    def files(folder: Path) -> dict[Path, bytes]:
        write(folder, 50)
        found = (file for file in folder.rglob("*") if file.is_file())
        return {file.relative_to(folder): file.read_bytes() for file in found}

    assert files(tmp_path / "one") == files(tmp_path / "two")


@pytest.mark.slow
def test_figures(tmp_path: Path) -> None:
    """A benchmark prints a JSON line for each figure, and ends with 0 where it has no goal."""
    done = subprocess.run(
        [sys.executable, str(START)],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "MODELS": "3", "RUNS": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    names = ["first_sql_vs_cold_3", "first_sql_vs_warm_3"]
    names += ["first_sql_unpatched_vs_cold_3", "first_sql_unpatched_vs_warm_3"]
    assert [figure["figure"] for figure in figures] == names
    assert all(figure["ratio"] > 0 and figure["n"] == 1 for figure in figures)
    assert all(0 < figure["ours"] < 100 and figure["theirs"] > 0 for figure in figures)


def test_contenders_that_are_none(tmp_path: Path) -> None:
    """A contender that cannot be left out is named before anything is built."""
    done = subprocess.run(
        [sys.executable, str(START)],
        env={
            "PATH": os.environ["PATH"],
            "TMPDIR": str(tmp_path),
            "MODELS": "3",
            "WITHOUT": "factory,plain cold",
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert "WITHOUT" in done.stderr
    assert "got 'factory,plain cold'" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("runs", "expected"),
    [("4", [4, 4, 3]), ("5,chain-600=1", [5, 1, 3]), ("chain-600=2, 3000=7", [5, 2, 7])],
)
def test_rounds(runs: str, expected: list[int]) -> None:
    """`RUNS` is a number for all, of which large projects take fewer, and one for some of them."""
    sizes = "[Size(10), Size(600, 'chain'), Size(3000)]"
    done = _python(f"from sizes import Size, rounds; print([rounds(s) for s in {sizes}])", runs)
    assert json.loads(done.stdout) == expected


@pytest.mark.parametrize("runs", ["", "0", "many", "bad-1=3", "=3"])
def test_rounds_that_are_none(runs: str) -> None:
    """What is no number of rounds, or of no project, is named."""
    done = _python("from sizes import rounds; print(rounds())", runs)
    assert done.returncode == 1
    assert f"got {runs.partition('=')[0]!r}" in done.stderr


def _python(code: str, runs: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(BENCHMARKS), "RUNS": runs},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_plot(tmp_path: Path) -> None:
    """What is faster stands below, each line is named, and other figures are passed over."""
    figures = [
        {"figure": "first_sql_vs_cold_10", "ours": 1.5, "theirs": 3.3},
        {"figure": "first_sql_vs_cold_300", "ours": 1.7, "theirs": 6.4},
        {"figure": "first_sql_vs_warm_300", "ours": 1.7, "theirs": 2.9},
        {"figure": "first_sql_vs_cold_chain_600", "ours": 1000, "theirs": 1000},
        {"figure": "install_size", "value": 372},
    ]
    source, target = tmp_path / "figures.jsonl", tmp_path / "speed.svg"
    source.write_text("\n".join(map(json.dumps, figures)), encoding="utf-8")
    command = [sys.executable, str(BENCHMARKS / "plot.py"), str(source), str(target)]
    subprocess.run(command, check=True)
    root = ET.fromstring(target.read_text(encoding="utf-8"))  # noqa: S314 - our own
    texts = {text.text: text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"first SQL, seconds", "10", "300"} <= texts.keys()
    assert "whole run, seconds" not in texts
    lines = ("plain cold", "plain warm", "dbt-runner")
    heights = [float(texts[name].attrib["y"]) for name in lines]
    assert heights == sorted(heights)
    assert len(set(heights)) == 3
