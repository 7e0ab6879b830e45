"""Finding and reading an attempt of the same logical run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.errors import SettingsError
from dbt_runner.execution.earlier import differences, find, settings, stored
from dbt_runner.store.artifacts import Attempt, place
from dbt_runner.store.journal import Journal, entry

if TYPE_CHECKING:
    from pathlib import Path

KEY = "7/build"


def attempt(
    artifacts: Path, started: float, *, commands: tuple[str, ...] = ("build",), **plan: Any
) -> Attempt:
    """An attempt that came to a plan of two models."""
    made = Attempt(place(artifacts, "p", "t", "c", "s"), started, KEY)
    made.create()
    made.write("run.json", {"resume_key": KEY, "settings": {"threads": 4, "vars": {"a": [1]}}})
    nodes = [{"unique_id": f"model.p.{name}"} for name in "ab"]
    content = {"fingerprint": {"files": {}}, "state": None, "carried": [], **plan}
    content["commands"] = [{"command": command, "nodes": nodes} for command in commands]
    made.write("plan.json", content)
    made.link()
    return made


def journal(of: Attempt, **statuses: str) -> None:
    """How nodes of the first command ended."""
    made = Journal(of.folder, lambda _: None)
    made.begin()
    for name, status in statuses.items():
        made.add(entry(0, f"model.p.{name}", status))
    assert made.close()


def test_the_newest_counts(tmp_path: Path) -> None:
    """The newest attempt with a plan is gone on with, and what it took over counts too."""
    journal(attempt(tmp_path, 1000.0), a="success")
    carried = [asdict(entry(0, "model.p.a", "success"))]
    later = attempt(tmp_path, 2000.0, carried=carried)
    journal(later, b="error")
    found = find(place(tmp_path, "p", "t", "c", "s"), KEY, ["build"])
    assert found
    assert found.attempt.id == later.id
    assert {one: end.status for (_, one), end in found.ends.items()} == {
        "model.p.a": "success",
        "model.p.b": "error",
    }
    assert found.planned == (("model.p.a", "model.p.b"),)


def test_the_newest_is_the_one_that_planned_last(tmp_path: Path) -> None:
    """Neither one that waited before it planned, nor a clock that is behind, confuses the order."""
    for started in (2000.0, 1000.0, 3000.0, 500.0):
        last = attempt(tmp_path, started)
        found = find(place(tmp_path, "p", "t", "c", "s"), KEY, ["build"])
        assert found
        assert found.attempt.id == last.id


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '{"commands": 3}', '{"commands": [3]}', '{"commands": [{}]}'),
        '{"commands": [{"command": "build", "nodes": [3]}], "carried": [], "state": null}',
        '{"commands": [{"command": "build", "nodes": []}], "carried": [{}], "state": null}',
        '{"commands": [{"command": "build", "nodes": []}], "carried": []}',
    ],
)
def test_a_broken_one_is_passed_over(tmp_path: Path, text: str) -> None:
    """What cannot be read is not gone on with, but the attempt before it."""
    first = attempt(tmp_path, 1000.0)
    (attempt(tmp_path, 2000.0).folder / "plan.json").write_text(text)
    found = find(place(tmp_path, "p", "t", "c", "s"), KEY, ["build"])
    assert found
    assert found.attempt.id == first.id


def test_one_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    """A folder that was removed by hand is no attempt."""
    attempt(tmp_path, 1000.0).folder.rename(tmp_path / "elsewhere")
    assert find(place(tmp_path, "p", "t", "c", "s"), KEY, ["build"]) is None


def test_other_commands_are_another_run(tmp_path: Path) -> None:
    """A key links attempts that were to do the same commands."""
    first = attempt(tmp_path, 1000.0)
    attempt(tmp_path, 2000.0, commands=("test",))
    found = find(place(tmp_path, "p", "t", "c", "s"), KEY, ["build"])
    assert found
    assert found.attempt.id == first.id
    assert find(place(tmp_path, "p", "t", "c", "s"), KEY, ["build", "test"]) is None
    assert find(place(tmp_path, "p", "t", "c", "s"), "8/build", ["build"]) is None


def test_differences() -> None:
    """Kinds and names, at most three of a kind."""
    files = {f"{name}.sql": "1" for name in "abcde"}
    assert differences({"files": files, "versions": {"dbt": "1"}}, {"versions": {"dbt": "1"}}) == [
        "files: a.sql, b.sql, c.sql and 2 more"
    ]
    assert differences({"variables": {"a": "1"}}, {"variables": {"a": "2", "b": "1"}}) == [
        "variables: a, b"
    ]
    assert differences({"files": files}, {"files": dict(files)}) == []


def test_settings(tmp_path: Path) -> None:
    """The settings of an attempt, as texts, with which it would be run again."""
    made = attempt(tmp_path, 1000.0)
    assert settings(stored(str(tmp_path), made.id)) == {
        "threads": "4",
        "vars": '{"a": [1]}',
        "resume": "auto",
    }


def test_settings_that_are_lost(tmp_path: Path) -> None:
    """What was hidden cannot be known."""
    made = attempt(tmp_path, 1000.0)
    (made.folder / "run.json").write_text('{"settings": {"vars": {"key": "*****"}}}')
    with pytest.raises(SettingsError, match="vars looked like a secret"):
        settings(stored(str(tmp_path), made.id))
    (made.folder / "run.json").write_text("{")
    with pytest.raises(SettingsError, match="that can be read"):
        settings(stored(str(tmp_path), made.id))


def test_by_id(tmp_path: Path) -> None:
    """The beginning of an id is enough, if it is one attempt's."""
    made, other = attempt(tmp_path, 1000.0), attempt(tmp_path, 2000.0)
    assert stored(str(tmp_path), made.id[:7]).id == made.id
    with pytest.raises(SettingsError, match=f"begins 2 ids: {other.id}, {made.id}"):
        stored(str(tmp_path), "")
    for text in ("zz", "*", "../x", "[0-9]"):
        with pytest.raises(SettingsError, match="is no attempt in"):
            stored(str(tmp_path), text)
