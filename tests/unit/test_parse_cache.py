"""dbt's saved parse state, which may be lost but never costs a run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from dbt_runner.store.parse_cache import FILE_NAME, KEPT, ParseCache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "dbt-runner" / "parse"


def save(cache: ParseCache, folder: Path, content: bytes = b"state") -> str | None:
    """Save a state of this content."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_bytes(content)
    return cache.keep(folder)


def test_kept_state_comes_back(tmp_path: Path) -> None:
    """A later run with the same key finds the state where dbt looks for it."""
    assert save(ParseCache("a", 1), tmp_path / "first") is None
    ParseCache("a", 1).restore(tmp_path / "second")
    assert (tmp_path / "second" / FILE_NAME).read_bytes() == b"state"


@pytest.mark.parametrize(
    "key", [("a", 2), ("a", "1"), ("a",), ("a", 1, None), ("\udcff", 1)], ids=repr
)
def test_other_key_finds_nothing(tmp_path: Path, key: tuple[object, ...]) -> None:
    """A state made for one place or set of variables never serves another."""
    save(ParseCache("a", 1), tmp_path / "first")
    ParseCache(*key).restore(tmp_path / "second")
    assert not any((tmp_path / "second").iterdir())


def test_nothing_to_keep(tmp_path: Path, cache: Path) -> None:
    """A parse that left no state changes nothing."""
    assert ParseCache("a").keep(tmp_path) is None
    assert not cache.exists()


def test_newer_state_replaces_the_older(tmp_path: Path, cache: Path) -> None:
    """The state of a key is replaced as a whole, without drafts left behind."""
    save(ParseCache("a"), tmp_path / "first", b"old")
    save(ParseCache("a"), tmp_path / "first", b"new")
    (state,) = cache.iterdir()
    assert state.read_bytes() == b"new"


def test_oldest_states_are_forgotten(tmp_path: Path, cache: Path) -> None:
    """The cache holds so many states at most, the ones used last."""
    for number in range(KEPT):
        save(ParseCache(number), tmp_path / "run")
    for age, file in enumerate(sorted(cache.iterdir())):
        os.utime(file, (age, age))
    oldest = min(cache.iterdir(), key=lambda file: file.stat().st_mtime)
    save(ParseCache("one more"), tmp_path / "run")
    assert len(list(cache.iterdir())) == KEPT
    assert not oldest.exists()


def test_cache_that_cannot_be_written_is_a_remark(tmp_path: Path) -> None:
    """A file in the way of the cache is told as a reason, and parsing goes on without it."""
    (tmp_path / "cache").touch()
    reason = save(ParseCache("a"), tmp_path / "run")
    assert reason
    ParseCache("a").restore(tmp_path / "other")
    assert not any((tmp_path / "other").iterdir())


def test_stale_state_in_the_folder_is_removed(tmp_path: Path) -> None:
    """Without a saved state, dbt finds none, whatever lay there."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / FILE_NAME).write_bytes(b"other")
    ParseCache("a").restore(tmp_path / "run")
    assert not any((tmp_path / "run").iterdir())
