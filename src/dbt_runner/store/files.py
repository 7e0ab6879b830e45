"""Whole files: the only way in which the store writes and reads.

On a Unity Catalog volume nothing can be appended, written at random or renamed over, so a file is
written once, from its beginning to its end, under a name that nothing else has (Databricks docs,
"Work with files in Unity Catalog volumes").
"""

from __future__ import annotations

import errno
import json
import os
import time
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

PAUSES = (0.2, 1.0)
"""Seconds before the second and the third try."""

_PASSING = frozenset(
    # the last two are what a mount through FUSE says while its process is away
    {errno.EIO, errno.EAGAIN, errno.ETIMEDOUT, errno.EBUSY, errno.ESTALE, errno.ENOTCONN}
    | {errno.ECONNRESET, errno.ECONNABORTED}
)
_NO_FSYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""How storage says that it does not know fsync (fsync(2)); there closing is what counts."""


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a new file; when this returns, it is there for everybody.

    What goes away by itself, such as an I/O error, is tried again twice. A file that could not be
    written whole is taken away, where that is possible.

    Args:
        durable: it also outlives a loss of power, where the storage knows fsync.

    Raises:
        OSError: it is not there, or only in part.
    """
    for pause in (*PAUSES, None):
        try:
            _write(path, data, durable=durable)
        except OSError as error:
            if pause is None or error.errno not in _PASSING:
                raise
            time.sleep(pause)
        else:
            return


def _write(path: Path, data: bytes, *, durable: bool) -> None:
    file = path.open("wb", buffering=0)
    try:
        with file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) or 0 :]
            if durable:
                _sync(file)
        _check_size(path, len(data))
    except OSError:
        # not before it is closed: that is when it appears on a volume
        with suppress(OSError):
            path.unlink()
        raise


def _sync(file: FileIO) -> None:
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise


def _check_size(path: Path, size: int) -> None:
    """Storage behind a network may take a file at its closing only, or a part of it."""
    try:
        arrived = path.stat().st_size
    except FileNotFoundError:
        raise OSError(errno.EIO, "it was written, and is not there", str(path)) from None
    if arrived != size:
        raise OSError(errno.EIO, f"{arrived} of {size} bytes arrived", str(path))


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; `None` if there is none, or only a part of it."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
