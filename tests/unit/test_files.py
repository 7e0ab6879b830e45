"""Whole files, on storage that fails in passing or knows little."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dbt_runner.store import files
from dbt_runner.store.files import read_object, write_whole


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No pause is waited for, and each is told; those of other modules are as they were."""
    told: list[float] = []
    monkeypatch.setattr(files, "time", SimpleNamespace(sleep=told.append))
    return told


class Fails:
    """A function that fails some times before it does what the real one does."""

    def __init__(self, number: int, times: int, real: Any) -> None:
        self.number, self.times, self.real = number, times, real

    def __call__(self, *words: Any, **named: Any) -> Any:
        """Fail, or do it."""
        self.times -= 1
        if self.times >= 0:
            raise OSError(self.number, os.strerror(self.number))
        return self.real(*words, **named)


def test_file_is_written_whole(tmp_path: Path) -> None:
    """What was written is there, byte for byte, an empty file too."""
    for data in (b"", b"a", os.urandom(3_000_000)):
        write_whole(tmp_path / "file", data)
        assert (tmp_path / "file").read_bytes() == data


@pytest.mark.parametrize("number", [errno.EIO, errno.EAGAIN, errno.ETIMEDOUT, errno.ENOTCONN])
def test_what_passes_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float], number: int
) -> None:
    """An I/O error that goes away by itself costs a pause and no file."""
    monkeypatch.setattr(os, "fsync", Fails(number, 2, os.fsync))
    write_whole(tmp_path / "file", b"abc")
    assert (tmp_path / "file").read_bytes() == b"abc"
    assert pauses == list(files.PAUSES)


def test_what_stays_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    """Three tries are made; of the last one nothing half-written stays behind."""
    monkeypatch.setattr(os, "fsync", Fails(errno.EIO, 9, os.fsync))
    with pytest.raises(OSError, match="Input/output error"):
        write_whole(tmp_path / "file", b"abc")
    assert len(pauses) == 2
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    """A disk that is full stays full."""
    monkeypatch.setattr(os, "fsync", Fails(errno.ENOSPC, 9, os.fsync))
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "file", b"abc")
    assert pauses == []


@pytest.mark.parametrize("number", [errno.ENOTSUP, errno.EINVAL, errno.ENOSYS])
def test_storage_without_fsync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float], number: int
) -> None:
    """A mount that does not know fsync has the file when it is closed."""
    monkeypatch.setattr(os, "fsync", Fails(number, 9, os.fsync))
    write_whole(tmp_path / "file", b"abc")
    assert (tmp_path / "file").read_bytes() == b"abc"
    assert pauses == []


class Short(io.FileIO):
    """A file that takes a few bytes at a time, and drops those behind `room` at its end."""

    room = 10**9

    def write(self, data: Any) -> int:
        """Take up to two bytes."""
        return super().write(bytes(data)[:2])

    def close(self) -> None:
        """Lose what has no room."""
        if not self.closed:
            self.truncate(min(self.tell(), self.room))
        super().close()


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes a part only is followed by the rest."""
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda path, mode, **_: Short(path, mode))
        write_whole(tmp_path / "file", b"abcde")
    assert (tmp_path / "file").read_bytes() == b"abcde"


def test_size_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    """A file of which only a part arrived is an error, although no write failed."""
    monkeypatch.setattr(Short, "room", 3)
    monkeypatch.setattr(Path, "open", lambda path, mode, **_: Short(path, mode))
    with pytest.raises(OSError, match="3 of 5 bytes arrived"):
        write_whole(tmp_path / "file", b"abcde")
    assert len(pauses) == 2


def test_existing_file_that_cannot_be_opened_stays(tmp_path: Path) -> None:
    """What is in the way is not taken away."""
    (tmp_path / "file").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "file", b"abc")
    assert (tmp_path / "file").is_dir()


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"a": 1', "[" * 100_000])
def test_broken_object_reads_as_none(tmp_path: Path, text: str) -> None:
    """A file that is no JSON object, or a part of one, is as good as none."""
    (tmp_path / "file").write_text(text)
    assert read_object(tmp_path / "file") is None
    assert read_object(tmp_path / "none") is None
