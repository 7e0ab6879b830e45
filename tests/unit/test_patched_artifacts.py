"""Artifacts as text."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.engine.patches import artifacts
from dbt_runner.engine.patches.gate import applied

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = {
    "texts": ["", "ümläut \u2028 \ud83d\ude00 \udc80", 'a "quoted" \\ \x00 one'],
    "numbers": [0, -1, 10**30, 1.5, 1e300, 0.1, float("nan"), float("-inf"), Decimal("1.10")],
    "when": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    "rest": [None, True, False, {}, [], (1, 2), {1: "a", None: "b", False: "c", 2.5: "d"}],
}


def written(folder: Path, content: Any, *, patched: bool) -> bytes:
    """What dbt writes of an artifact's content."""
    base = import_module("dbt.artifacts.schemas.base")
    file = folder / f"{patched}/deep/artifact.json"
    with applied([artifacts.PATCH] if patched else []) as verdicts:
        assert not any(verdict.refused for verdict in verdicts), verdicts
        assert base.write_json(str(file), content) is True
    return file.read_bytes()


def test_text_is_dbts(tmp_path: Path) -> None:
    """Whatever stands in an artifact, its bytes are those that dbt writes."""
    found = [written(tmp_path, CONTENT, patched=patched) for patched in (False, True)]
    assert found[0] == found[1]


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """What dbt cannot write is an error as with dbt."""
    for patched in (False, True):
        with pytest.raises(TypeError, match="not JSON serializable"):
            written(tmp_path, {"a": object()}, patched=patched)
