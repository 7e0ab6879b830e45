"""The folder of one attempt, and which of them counts as the newest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dbt_runner.errors import NotPublished, SettingsError
from dbt_runner.redaction import HIDDEN
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


def stored(attempt: Attempt) -> list[str]:
    """The files of an attempt."""
    files = (file for file in attempt.folder.rglob("*") if file.is_file())
    return sorted(str(file.relative_to(attempt.folder)) for file in files)


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
    assert stored(attempt) == ["commands/01-build/manifest.json", MARKER, "dbt.log", "summary.json"]


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


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param("{}", "it holds no results", id="no-results"),
        pytest.param('{"results": [1]}', "has no status", id="no-node"),
        pytest.param('{"results": [{"unique_id": "a"}]}', "has no status", id="no-status"),
        pytest.param(
            '{"results": [{"unique_id": "a", "status": null}]}', "has no status", id="null"
        ),
    ],
)
def test_results_without_a_status_are_not_published(
    tmp_path: Path, content: str, fault: str
) -> None:
    """Results in which a node has no status are never stored; other commands' artifacts are."""
    for name in ("01-build", "02-test"):
        (tmp_path / "w" / "commands" / name).mkdir(parents=True)
    (tmp_path / "w" / "commands" / "01-build" / "run_results.json").write_text(content)
    (tmp_path / "w" / "commands" / "02-test" / "manifest.json").write_text("{}")
    attempt = Attempt(tmp_path, 0.0)
    attempt.create()
    with pytest.raises(NotPublished, match=f"run_results.json of 01-build is broken.*{fault}"):
        attempt.publish(tmp_path / "w")
    assert stored(attempt) == ["commands/02-test/manifest.json"]


def test_command_is_published_as_soon_as_it_is_done(tmp_path: Path) -> None:
    """What was stored with its command is not written again at the end."""
    command = tmp_path / "w" / "commands" / "01-build"
    command.mkdir(parents=True)
    (command / "sources.json").write_text('{"results": []}')
    attempt = Attempt(tmp_path, 0.0)
    attempt.create()
    attempt.publish_command(command)
    assert stored(attempt) == ["commands/01-build/sources.json"]
    [file] = attempt.folder.rglob("sources.json")
    written = file.stat().st_mtime_ns
    (command / "sources.json").write_text('{"results": [], "changed": "by a later command"}')
    attempt.publish(tmp_path / "w")
    assert file.stat().st_mtime_ns == written
    attempt.write("summary.json", {})
    attempt.complete()
    assert newest(tmp_path, anything) == attempt.folder


def test_secrets_are_not_published(tmp_path: Path) -> None:
    """A secret is hidden wherever it stands, also in a key, and JSON stays JSON."""
    canary = 'ca"na\nry-0123'
    command = tmp_path / "w" / "commands" / "01-build"
    (command / "compiled").mkdir(parents=True)
    content = {"args": {"vars": {canary: [canary, 0.1234567]}}, "dapi": "dapi" + "0a" * 16}
    (command / "manifest.json").write_text(json.dumps(content))
    (command / "compiled" / "a.sql").write_text(f"select '{canary}', '1234567'")
    (tmp_path / "w" / "logs").mkdir()
    (tmp_path / "w" / "logs" / "dbt.log").write_text(json.dumps(content))
    attempt = Attempt(tmp_path, 0.0, secrets=lambda: frozenset({canary, "1234567", "n"}))
    attempt.create()
    attempt.publish(tmp_path / "w")
    attempt.write("summary.json", {"message": f"it said {canary}"})
    found = json.loads((attempt.folder / "commands/01-build/manifest.json").read_bytes())
    assert found == {"args": {"vars": {HIDDEN: [HIDDEN, 0.1234567]}}, "dapi": HIDDEN}
    for file in attempt.folder.rglob("*"):
        text = file.read_text() if file.is_file() else ""
        assert "0123" not in text.replace("0.1234567", "")
        assert "0a0a" not in text


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda file: file.unlink(), id="gone"),
        pytest.param(lambda file: file.write_text("{"), id="cut"),
    ],
)
def test_attempt_that_broke_later_is_passed_over(tmp_path: Path, change: Any) -> None:
    """An artifact that is not as it was when the marker was written makes its attempt unusable."""
    command = tmp_path / "w" / "commands" / "01-build"
    command.mkdir(parents=True)
    (command / "manifest.json").write_text('{"nodes": {}}')
    attempt = Attempt(tmp_path, 0.0)
    attempt.create()
    attempt.publish(tmp_path / "w")
    attempt.write("summary.json", {"status": "success"})
    attempt.complete()
    assert newest(tmp_path, anything) == attempt.folder
    change(attempt.folder / "commands/01-build/manifest.json")
    assert newest(tmp_path, anything) is None


@pytest.mark.parametrize("text", ["", "{", '{"files": 1}', '{"files": {"a": 1}}'])
def test_half_written_marker_does_not_count(tmp_path: Path, text: str) -> None:
    """A marker that a kill cut off, or that lists what is not there, says nothing."""
    (run(tmp_path, "20240101T000000Z-aaaaaaaa") / MARKER).write_text(text)
    assert newest(tmp_path, anything) is None


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
