"""dbt's `run_results.json` as dbt itself reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dbt.contracts.state import load_result_state  # noqa: TID251 - dbt is who reads it

from dbt_runner.engine.run_results import FILE_NAME, Done, add, replace, select


def statuses(file: Path) -> dict[str, str]:
    """Node → status, read by dbt."""
    found = load_result_state(file)
    assert found
    return {result.unique_id: str(result.status) for result in found.results}


def given(file: Path, **results: str) -> Path:
    """A file with results that hold more than the runner knows."""
    add(file, [Done(f"model.p.{name}", status) for name, status in results.items()], file)
    content: dict[str, Any] = json.loads(file.read_text())
    for result in content["results"]:
        result["compiled_code"] = "select 1"
    file.write_text(json.dumps(content))
    return file


def test_selection(tmp_path: Path) -> None:
    """dbt takes what is written for results of nodes that failed."""
    folder = select(tmp_path / "a" / "b", {"model.p.b", "model.p.a"})
    assert statuses(folder / FILE_NAME) == {"model.p.a": "error", "model.p.b": "error"}


def test_later_results_replace_earlier_ones(tmp_path: Path) -> None:
    """Each node is told once, with its last result."""
    first = given(tmp_path / "first.json", a="success", b="error")
    replace(first, given(tmp_path / "second.json", b="success"))
    assert statuses(first) == {"model.p.a": "success", "model.p.b": "success"}
    replace(first, tmp_path / "never-written.json")
    assert len(statuses(first)) == 2


def test_earlier_results_are_added(tmp_path: Path) -> None:
    """What an earlier attempt told of a node is kept; of others there is what is known."""
    file = given(tmp_path / "now.json", c="success")
    earlier = given(tmp_path / "earlier.json", a="success", z="error")
    done = [Done("model.p.a", "success"), Done("test.p.b", "pass", 0.5, "fine", 3)]
    add(file, done, earlier)
    assert statuses(file) == {
        "model.p.a": "success",
        "test.p.b": "pass",
        "model.p.c": "success",
    }
    first, second, _ = json.loads(file.read_text())["results"]
    assert first["compiled_code"] == "select 1"
    assert second["adapter_response"] == {"rows_affected": 3}
    assert (second["execution_time"], second["message"]) == (0.5, "fine")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"results": 3}', '{"results": [3]}'])
def test_a_broken_file_of_an_earlier_attempt(tmp_path: Path, text: str) -> None:
    """What an earlier attempt left half-written is passed over, for what is known without it."""
    earlier = tmp_path / "earlier.json"
    earlier.write_text(text)
    add(tmp_path / FILE_NAME, [Done("model.p.a", "success")], earlier)
    assert statuses(tmp_path / FILE_NAME) == {"model.p.a": "success"}


def test_another_end_in_an_earlier_attempt(tmp_path: Path) -> None:
    """Results that tell of another end than the one that is known are not taken over."""
    earlier = given(tmp_path / "earlier.json", a="error")
    add(tmp_path / FILE_NAME, [Done("model.p.a", "success")], earlier)
    assert statuses(tmp_path / FILE_NAME) == {"model.p.a": "success"}


def test_without_a_file(tmp_path: Path) -> None:
    """Where nothing was executed, the file is made."""
    file = tmp_path / FILE_NAME
    add(file, [Done("model.p.a", "success")], tmp_path / "nowhere.json")
    assert statuses(file) == {"model.p.a": "success"}
