"""Changes of an installed wheel, as `bake_cases.yml` writes them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any

from baked_wheel import Installed

STATE, KEY = "local.state", "local.json"


def make(
    change: Mapping[str, Any], installed: Installed, other: Installed
) -> tuple[list[str], dict[str, str]]:
    """Make a change.

    Args:
        change: one key and its value.
        other: around another project.

    Returns:
        What stands in no file: further arguments, and variables of the environment.

    Raises:
        ValueError: there is nothing there to change.
    """
    [(kind, value)] = change.items()
    match kind:
        case "words":
            return list(value), {}
        case "env":
            return [], dict(value)
        case "place":
            _PLACES[value](installed, other)
        case "remove":
            for path in value:
                (installed.project / path).unlink()
        case _:
            for one, two in value.items():
                _IN_FILES[kind](installed, one, two)
    return [], {}


def _append(installed: Installed, path: str, text: str) -> None:
    with (installed.project / path).open("a", encoding="utf-8") as stream:
        stream.write(text)


def _replace(installed: Installed, path: str, texts: list[str]) -> None:
    file, (old, new) = installed.project / path, texts
    text = file.read_text(encoding="utf-8")
    if old not in text:
        msg = f"{path} does not hold {old!r}"
        raise ValueError(msg)
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def _write(installed: Installed, path: str, text: str) -> None:
    file = installed.project / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _rename(installed: Installed, old: str, new: str) -> None:
    (installed.project / old).rename(installed.project / new)


def _pretend(installed: Installed, name: str, version: str) -> None:
    """Have `importlib.metadata` find another version first."""
    folder = installed.site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (folder / "METADATA").write_text(text, encoding="utf-8")


def _touched(installed: Installed, *_: object) -> None:
    for file in installed.project.rglob("*"):
        file.touch()


def _moved(installed: Installed, *_: object) -> None:
    """Each case lies in a folder of its own anyhow; this one has a name to stumble over."""
    odd = installed.site.with_name("run") / "an odd'place {{ x }}"
    odd.parent.mkdir()
    installed.site.rename(odd)
    installed.site.symlink_to(odd)


def _read_only(installed: Installed, *_: object) -> None:
    for file in installed.project.rglob("*"):
        file.chmod(0o555 if file.is_dir() else 0o444)


def _leavings(installed: Installed, *_: object) -> None:
    for path in ("target/manifest.json", "logs/dbt.log", ".user.yml"):
        file = installed.project / path
        file.parent.mkdir(exist_ok=True)
        file.write_text("{}", encoding="utf-8")


def _flipped(installed: Installed, *_: object) -> None:
    file = installed.states / STATE
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _shortened(installed: Installed, *_: object) -> None:
    file = installed.states / STATE
    file.write_bytes(file.read_bytes()[:-100])


def _without(name: str) -> Callable[..., None]:
    return lambda installed, *_: (installed.states / name).unlink()


def _with(name: str, content: bytes) -> Callable[..., None]:
    return lambda installed, *_: (installed.states / name).write_bytes(content)


def _other_target(installed: Installed, *_: object) -> None:
    for file in (STATE, KEY):
        shutil.copy(installed.states / file.replace("local", "other"), installed.states / file)


def _other_project(installed: Installed, other: Installed) -> None:
    for file in (STATE, KEY):
        shutil.copy(other.states / file, installed.states / file)


_PLACES: dict[str, Callable[..., None]] = {
    "touched": _touched,
    "moved": _moved,
    "read-only": _read_only,
    "leavings": _leavings,
    "flipped byte": _flipped,
    "shortened state": _shortened,
    "empty state": _with(STATE, b""),
    "no state": _without(STATE),
    "no key": _without(KEY),
    "broken key": _with(KEY, b'{"'),
    "state of another target": _other_target,
    "state of another project": _other_project,
}

_IN_FILES: dict[str, Callable[..., None]] = {
    "append": _append,
    "replace": _replace,
    "write": _write,
    "rename": _rename,
    "version": _pretend,
}
