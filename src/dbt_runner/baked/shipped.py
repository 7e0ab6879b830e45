"""The states that the installed package brings along; nothing else is ever served.

No setting, variable or argument names the folder: a state is a pickle, so whoever could choose it
would choose what the run executes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dbt_runner.baked.key import BadKey, Key

FOLDER = "_baked"
STATE_SUFFIX, KEY_SUFFIX = ".state", ".json"


class NoState(Exception):
    """There is no state that could be served; says why."""


@dataclass(frozen=True)
class Shipped:
    """A state of the installed package, not yet read."""

    file: Path
    key: Key

    def read(self) -> bytes:
        """The state's bytes.

        Raises:
            NoState: they cannot be read, or are not those that the key was made with.
        """
        try:
            data = self.file.read_bytes()
        except OSError as error:
            msg = f"the baked state cannot be read: {error.strerror or error}"
            raise NoState(msg) from error
        if hashlib.sha256(data).hexdigest() != self.key.sha256:
            msg = f"the baked state {self.file.name} is not the one that was built"
            raise NoState(msg)
        return data


def folder() -> Path:
    """Where a wheel's states lie; a checkout has none."""
    return Path(__file__).resolve().parent.parent / FOLDER


def find(target: str, place: Path | None = None) -> Shipped | None:
    """The state of a target.

    Args:
        place: for tests; else the installed package.

    Returns:
        `None` if nothing was baked at all.

    Raises:
        NoState: states were baked, and there is none of this target that could be read.
    """
    place = place or folder()
    if not place.is_dir():
        return None
    file = place / f"{target}{KEY_SUFFIX}"
    try:
        key = Key.read(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"no state was baked for the target {target}"
        raise NoState(msg) from None
    except (OSError, ValueError, BadKey) as error:
        msg = f"the key of the baked state {file.name}: {error}"
        raise NoState(msg) from error
    return Shipped(file.with_suffix(STATE_SUFFIX), key)
