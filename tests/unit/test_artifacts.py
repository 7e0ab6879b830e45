"""The folder of one attempt, and which of them counts as the newest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dbt_runner.errors import NotPublished, SettingsError
from dbt_runner.store.artifacts import Attempt, newest, place
from dbt_runner.store.attempts import MARKER


def run(
    folder: Path, name: str, *, complete: bool = True, summary: Any = None, sources: bool = False
) -> Path:
    """A stored run; its summary is written as JSON unless it is a text."""
    made = folder / "runs" / name
    (made / "commands" / "01-build").mkdir(parents=True)
    content = {"status": "success"} if summary is None else summary
    text = content if isinstance(content, str) else json.dumps(content)
    (made / "summary.json").write_text(text)
    if sources:
        (made / "commands" / "01-build" / "sources.json").write_text("{}")
    if complete:
        (made / MARKER).write_text("{}")
    return made


def anything(_summary: dict[str, Any]) -> bool:
    """Every run is wanted."""
    return True


def test_folder_tells_where_the_run_was(tmp_path: Path) -> None:
    """Runs lie by project, target, catalog and schema; what only dbt can tell is `_`."""
    assert place(tmp_path, "p", "local", "c", "s") == tmp_path / "p/local/c/s"
    assert place(tmp_path, "p", "local", None, None) == tmp_path / "p/local/_/_"


def test_attempt_is_named_by_time_and_id(tmp_path: Path) -> None:
    """Two attempts of the same moment lie apart, and names sort by time."""
    first, second = Attempt(tmp_path, 0.0), Attempt(tmp_path, 0.0)
    assert first.folder.name == f"19700101T000000.000Z-{first.id}"
    assert first.folder != second.folder
    assert Attempt(tmp_path, 0.5).folder.name > first.folder.name
    assert Attempt(tmp_path, 1e9).folder.name > first.folder.name


def test_newest_complete_run_counts(tmp_path: Path) -> None:
    """The newest run is the last one with a marker."""
    run(tmp_path, "20240101T000000Z-aaaaaaaa")
    wanted = run(tmp_path, "20240102T000000Z-aaaaaaaa")
    run(tmp_path, "20240103T000000Z-aaaaaaaa", complete=False)
    assert newest(tmp_path, anything) == wanted


@pytest.mark.parametrize(
    "summary",
    [
        pytest.param("", id="empty"),
        pytest.param('{"status": "succ', id="half-written"),
        pytest.param("[]", id="a-list"),
        pytest.param("null", id="null"),
        pytest.param({"status": "failed"}, id="not-wanted"),
    ],
)
def test_run_that_cannot_be_used_is_passed_over(tmp_path: Path, summary: Any) -> None:
    """A run whose summary is broken, or is not wanted, gives way to an older one."""
    wanted = run(tmp_path, "20240101T000000Z-aaaaaaaa")
    run(tmp_path, "20240102T000000Z-aaaaaaaa", summary=summary)
    (tmp_path / "runs" / "20240103T000000Z-aaaaaaaa").touch()
    assert newest(tmp_path, lambda found: found.get("status") == "success") == wanted


def test_without_runs_there_is_no_newest(tmp_path: Path) -> None:
    """A place where nothing ran yet is no error."""
    assert newest(tmp_path / "nowhere", anything) is None


def test_published_run_is_whole(tmp_path: Path) -> None:
    """dbt's artifacts and log are copied; what only costs space is left out."""
    command = tmp_path / "workspace" / "commands" / "01-build"
    (command / "run").mkdir(parents=True)
    (command / "run" / "a.sql").write_text("select 1")
    (command / "manifest.json").write_text("{}")
    (command / "partial_parse.msgpack").write_bytes(b"x")
    (tmp_path / "workspace" / "logs").mkdir()
    (tmp_path / "workspace" / "logs" / "dbt.log").write_text("log")
    attempt = Attempt(tmp_path, 0.0)
    attempt.create()
    attempt.publish(tmp_path / "workspace")
    attempt.write("summary.json", {"status": "success", "text": "日\udcff"})
    assert newest(tmp_path, anything) is None
    attempt.complete()
    assert newest(tmp_path, anything) == attempt.folder
    files = [str(f.relative_to(attempt.folder)) for f in attempt.folder.rglob("*") if f.is_file()]
    assert sorted(files) == ["commands/01-build/manifest.json", MARKER, "dbt.log", "summary.json"]


def test_workspace_without_artifacts_is_published(tmp_path: Path) -> None:
    """A run that ended before dbt wrote anything leaves a folder all the same."""
    attempt = Attempt(tmp_path, 0.0)
    attempt.create()
    attempt.publish(tmp_path / "workspace")
    assert not any(attempt.folder.iterdir())


@pytest.mark.parametrize("content", [b"", b'{"metadata": {', b"\xff\xfe"])
def test_broken_artifact_is_not_published(tmp_path: Path, content: bytes) -> None:
    """A manifest that a full disk cut off is never stored, where others would trust it."""
    command = tmp_path / "workspace" / "commands" / "01-build"
    command.mkdir(parents=True)
    (command / "manifest.json").write_bytes(content)
    attempt = Attempt(tmp_path, 0.0)
    attempt.create()
    with pytest.raises(NotPublished, match=r"manifest\.json of 01-build is broken"):
        attempt.publish(tmp_path / "workspace")
    assert not any(attempt.folder.iterdir())


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in the way of the artifacts is a fault of the setting, found before anything runs."""
    (tmp_path / "artifacts").touch()
    with pytest.raises(SettingsError, match=r"^artifacts: .* cannot be made: .*; name another"):
        Attempt(tmp_path / "artifacts", 0.0).create()


def test_folder_that_went_away(tmp_path: Path) -> None:
    """What cannot be written any more is told as not published: the data may be there."""
    attempt = Attempt(tmp_path, 0.0)
    with pytest.raises(NotPublished, match=r"complete cannot be written") as caught:
        attempt.complete()
    assert caught.value.exit_code == 4
