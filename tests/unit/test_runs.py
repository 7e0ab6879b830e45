"""The command `dbt-runner runs`, on attempts in every state."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dbt_runner import cli
from dbt_runner.errors import SettingsError
from dbt_runner.report.sink import Sink
from dbt_runner.runs import command
from dbt_runner.store.artifacts import Attempt, place
from dbt_runner.store.attempts import Stored
from dbt_runner.store.journal import Journal, entry

NODES = {"total": 3, "success": 1, "pass": 1, "error": 1}
FAILED = [{"unique_id": "model.shop.a", "status": "error", "message": "no\n\x1b[31mtable"}]
PLAN = {
    "fingerprint": {},
    "state": None,
    "resumed_from": "0123abcd",
    "commands": [
        {
            "command": "build",
            "nodes": [
                {"unique_id": "model.shop.a", "resource_type": "model", "relation": "c.s.a"},
                {"unique_id": "test.shop.b", "resource_type": "test"},
            ],
        }
    ],
    "carried": [],
}
GONE = 2**22 + 1
"""No process has this number (proc(5), pid_max)."""


def attempt(
    artifacts: Path,
    days_ago: float = 0.0,
    *,
    schema: str = "analytics",
    end: dict[str, Any] | None = None,
    complete: bool = True,
    host: str = "elsewhere",
    pid: int = 1,
    key: str | None = None,
) -> Stored:
    """A stored attempt; without an end it has no summary."""
    where = place(artifacts, "shop", "local", "c", schema)
    made = Attempt(where, time.time() - days_ago * 86400, key)
    made.create()
    made.write(
        "run.json",
        {
            "resume_key": made.key,
            "settings": {"run_type": "full", "threads": 4},
            "process": {"host": host, "pid": pid},
        },
    )
    made.write("plan.json", PLAN)
    made.link()
    if end is not None:
        summary = {"run_type": "full", "status": "success", "exit_code": 0, "nodes": NODES}
        made.write("summary.json", {**summary, "elapsed_s": 12.34, "failed": [], **end})
        if complete:
            made.complete()
    return Stored(made.folder)


def told(artifacts: Path, *words: str) -> str:
    """What the command prints."""
    stream = io.StringIO()
    command.run([*words, f"--artifacts={artifacts}"], {}, Sink(stream))
    return stream.getvalue()


def lines(artifacts: Path, *words: str) -> list[dict[str, Any]]:
    """What it tells as JSON."""
    return [json.loads(line) for line in told(artifacts, *words).splitlines()]


def test_list_is_newest_first(tmp_path: Path) -> None:
    """Attempts of all places are listed by their start, with what their summaries tell."""
    old = attempt(tmp_path, 2, end={})
    new = attempt(tmp_path, 1, schema="dev", end={"status": "failed", "exit_code": 1})
    found = lines(tmp_path)
    assert [line["attempt"] for line in found] == [new.id, old.id]
    assert (
        found[0].items()
        >= {
            "event": "attempt.listed",
            "status": "failed",
            "exit_code": 1,
            "run_type": "full",
            "target": "local",
            "catalog": "c",
            "target_schema": "dev",
            "nodes_done": 2,
            "nodes_total": 3,
            "elapsed_s": 12.34,
            "complete": True,
            "folder": str(new.folder),
        }.items()
    )
    assert found[0]["started_at"].endswith("Z")


def test_filters(tmp_path: Path) -> None:
    """A target, a schema, a status and a number narrow the list."""
    first = attempt(tmp_path, 3, end={})
    second = attempt(tmp_path, 2, end={"status": "failed"})
    third = attempt(tmp_path, 1, schema="dev", end={})
    for words, expected in (
        (["list", "--target-schema=DEV"], [third]),
        (["--target=local"], [third, second, first]),
        (["--target=prod"], []),
        (["--status", "success"], [third, first]),
        (["--status", "success", "--limit", "1"], [third]),
    ):
        assert [line["attempt"] for line in lines(tmp_path, *words)] == [s.id for s in expected]


def test_attempts_without_an_end(tmp_path: Path) -> None:
    """What is going on, was lost, or may be either, is told apart as far as it can be known."""
    here = socket.gethostname()
    expected = {
        attempt(tmp_path, host=here, pid=os.getpid()).id: "going",
        attempt(tmp_path, host=here, pid=GONE).id: "lost",
        attempt(tmp_path, host="elsewhere").id: "unfinished",
        attempt(tmp_path, 8, host="elsewhere").id: "lost",
        attempt(tmp_path, 2, key="nightly").id: "lost",
        attempt(tmp_path, 1, key="nightly").id: "unfinished",
    }
    broken = attempt(tmp_path)
    (broken.folder / "run.json").write_text("{")
    cut = attempt(tmp_path, end={})
    (cut.folder / "summary.json").write_text('{"status": "succ')
    odd = attempt(tmp_path, end={"status": 7, "nodes": []})
    expected |= {broken.id: "broken", cut.id: "broken", odd.id: "broken"}
    assert {line["attempt"]: line["status"] for line in lines(tmp_path)} == expected


def test_nodes_so_far(tmp_path: Path) -> None:
    """Of an attempt without a summary the journal tells how far it came."""
    stored = attempt(tmp_path)
    journal = Journal(stored.folder, pytest.fail, pause=0)
    journal.begin()
    journal.add(entry(0, "model.shop.a", "success"))
    journal.add(entry(0, "test.shop.b", "fail"))
    assert journal.close()
    [line] = lines(tmp_path)
    assert (line["nodes_done"], line["nodes_total"]) == (1, 2)
    assert line["resumed_from"] == "0123abcd"
    (stored.folder / "plan.json").unlink()
    [line] = lines(tmp_path)
    assert (line["nodes_done"], line["nodes_total"]) == (None, None)


def test_attempt_whose_artifacts_are_lost(tmp_path: Path) -> None:
    """An end without a marker is told with that remark."""
    attempt(tmp_path, end={}, complete=False)
    [line] = lines(tmp_path)
    assert (line["status"], line["complete"]) == ("success", False)
    assert "success, not complete" in told(tmp_path, "list", "--log-format=console")


def test_table(tmp_path: Path) -> None:
    """A person gets a table."""
    stored = attempt(tmp_path, end={})
    head, row = told(tmp_path, "--log-format=console").splitlines()
    assert head.split()[:2] == ["attempt", "start"]
    assert row.split() == [
        *(stored.id, stored.folder.name[:4] + row[row.index("-") : row.index("-") + 6]),
        *(row.split()[2], "full", "local:", "c.analytics", "success", "2/3", "12.3", "s"),
    ]
    assert told(tmp_path, "--log-format=console", "--status=going") == "no attempts\n"


def test_show(tmp_path: Path) -> None:
    """The beginning of an id is enough to see all of an attempt."""
    stored = attempt(tmp_path, end={"status": "failed", "exit_code": 1, "failed": FAILED})
    (stored.folder / "commands" / "01-build" / "compiled").mkdir(parents=True)
    (stored.folder / "commands" / "01-build" / "manifest.json").write_text("{}")
    (stored.folder / "commands" / "01-build" / "compiled" / "a.sql").write_text("select 1")
    for text in (stored.id[:5], stored.id, stored.folder.name):
        [line] = lines(tmp_path, "show", text)
        assert line["attempt"] == stored.id
    assert line["commands"] == [
        {"command": "build", "nodes": {"model": 1, "test": 1}, "relations": 1}
    ]
    assert line["failed"] == FAILED
    assert line["settings"] == {"run_type": "full", "threads": 4}
    assert line["files"]["commands/01-build/manifest.json"] == 2
    assert line["compiled_files"] == 1
    page = told(tmp_path, "show", stored.id, "--log-format=console")
    assert "\x1b" not in page
    for part in ("failed, exit code 1", "1 model, 1 test; 1 relations", "threads: 4"):
        assert part in page
    assert str(stored.folder) in page


@pytest.mark.parametrize("left", [(), ("run.json",), ("run.json", "plan.json")])
def test_show_of_what_is_left(tmp_path: Path, left: tuple[str, ...]) -> None:
    """Whatever is missing, what is there is shown."""
    stored = attempt(tmp_path)
    for file in stored.folder.iterdir():
        if file.name not in left:
            file.unlink()
    assert stored.id in told(tmp_path, "show", stored.id, "--log-format=console")
    assert lines(tmp_path, "show", stored.id)[0]["failed"] == []


def test_prune(tmp_path: Path) -> None:
    """Attempts beyond the limits go, place by place; a dry run only names them."""
    old = [attempt(tmp_path, days, end={}) for days in (3, 2)]
    elsewhere = attempt(tmp_path, 5, schema="dev", end={})
    new = attempt(tmp_path, 1, end={})
    dry = lines(tmp_path, "prune", "--keep-runs=1", "--dry-run")
    assert [line["event"] for line in dry] == ["attempt.expired"] * 2
    assert [line["attempt"] for line in dry] == [stored.id for stored in old]
    assert all(stored.folder.exists() for stored in old)
    assert lines(tmp_path, "prune", "--keep-runs=1", "--target-schema=dev") == []
    page = told(tmp_path, "prune", "--keep-runs", "1", "--log-format=console")
    assert page.splitlines()[-1] == "2 removed"
    left = {line["attempt"] for line in lines(tmp_path)}
    assert left == {elsewhere.id, new.id}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["lst"], "'lst' is no command; did you mean list?", id="verb"),
        pytest.param(["show"], "show: needs ATTEMPT", id="no-attempt"),
        pytest.param(["show", "ffff"], "'ffff' is no attempt in", id="unknown"),
        pytest.param(["show", ""], "'' is no attempt in", id="empty"),
        pytest.param(["show", "*"], "'\\*' is no attempt in", id="pattern"),
        pytest.param(["list", "extra"], "'extra' stands alone", id="word"),
        pytest.param(["--stat=lost"], "did you mean --status?", id="option"),
        pytest.param(["--dry-run"], "list: dry_run: is no option", id="other-verbs-option"),
        pytest.param(["--status=sucess"], "did you mean success?", id="status"),
        pytest.param(["--limit=0"], "limit: must be a whole number from 1", id="limit"),
        pytest.param(["--limit=ten"], "limit: must be a whole number from 1", id="limit-text"),
        pytest.param(["--log-format=xml"], "log_format: ", id="format"),
        pytest.param(["prune", "--keep-runs=0"], "keep_runs: .* greater than or", id="keep"),
        pytest.param(["prune", "--dry-run=maybe"], "dry_run: must be true or false", id="dry"),
        pytest.param(["--artifacts=/nowhere/at/all"], "/nowhere/at/all is no folder", id="folder"),
    ],
)
def test_bad_input(tmp_path: Path, words: list[str], message: str) -> None:
    """Whatever is wrong is one line with exit code 2, and nothing is removed."""
    attempt(tmp_path, 400, end={})
    own = [] if any("artifacts" in word for word in words) else [f"--artifacts={tmp_path}"]
    with pytest.raises(SettingsError, match=message) as caught:
        command.run([*words, *own], {}, Sink(io.StringIO()))
    assert caught.value.exit_code == 2
    assert len(str(caught.value).splitlines()) == 1
    assert len(lines(tmp_path)) == 1


def test_ambiguous_id(tmp_path: Path) -> None:
    """Where two ids begin alike, both are named."""
    made = [attempt(tmp_path, days, end={}) for days in (2, 1)]
    for number, stored in enumerate(made):
        name = f"{stored.folder.name[:-8]}abcdef0{number}"
        stored.folder.rename(stored.folder.with_name(name))
    with pytest.raises(SettingsError, match=r"'abc' begins 2 ids: abcdef01 .*, abcdef00 "):
        told(tmp_path, "show", "abc")


def test_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Help tells of each verb and status, in 100 columns."""
    monkeypatch.setattr(sys, "argv", ["dbt-runner", "runs", "--help"])
    assert cli.main() == 0
    text = capsys.readouterr().out
    for word in ("list", "show", "prune", *command.ENDS, *command.WITHOUT_END):
        assert word in text
    assert max(map(len, text.splitlines())) <= 100


def test_store_that_is_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first run there is nothing to list, which is no error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["dbt-runner", "runs", "--log-format=console"])
    assert cli.main() == 0
    assert capsys.readouterr().out == "no attempts\n"


def test_neither_dbt_nor_an_adapter_is_imported(tmp_path: Path) -> None:
    """Looking at what is stored waits for no import of seconds."""
    stored = attempt(tmp_path, end={})
    code = f"""
import sys
from dbt_runner.runs.command import run
for words in (["list"], ["show", "{stored.id}"], ["prune"]):
    run([*words, "--artifacts={tmp_path}"], {{}})
heavy = {{"dbt", "databricks", "duckdb"}} & {{name.split(".")[0] for name in sys.modules}}
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
