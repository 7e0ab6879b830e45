"""The files of a dbt project that a parse may read, and their digests."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dbt_runner.project import FILE_NAME

_LEFT_BEHIND = frozenset({"target", "logs"})
"""Folders at the project's root that dbt writes."""
_NOT_READ = frozenset({"runner.yml"})
"""Files at the root that dbt does not know. What our policy decides stands in the key by itself."""
_READ_THOUGH_HIDDEN = frozenset({".dbtignore"})
_INSTALL = "packages-install-path"
_CHUNK = 1 << 20
_OUTSIDE = "lies outside of what is baked"
_LEADS_BACK = "leads back"
"""Digest of a folder that holds itself."""


def project_files(folder: Path) -> list[str]:
    """The files, as sorted POSIX paths below the project's folder.

    A folder that holds itself, by a link, is one of them and ends with `/`: `dbt deps` makes such
    where a package's tests install the package.

    Hidden ones at the root are not among them, but for `.dbtignore`: nothing of a project lies
    there (see `misplaced`).
    """
    return sorted(walked(folder))


def walked(folder: Path) -> Iterator[str]:
    """The same files one by one, in no order.

    Raises:
        OSError: a folder cannot be read.
    """
    return _walk(str(folder), "", frozenset())


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file, by its path.

    Raises:
        OSError: one cannot be read.
    """
    return {name: digest(folder, name) for name in project_files(folder)}


def copy(folder: Path, name: str, root: Path) -> None:
    """Copy one file below another folder; one that leads back does so there."""
    target = root / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if not name.endswith("/"):
        shutil.copyfile(folder / name, target)
        return
    back = next(up for up in Path(name).parents if (folder / up).samefile(folder / name))
    target.symlink_to(os.path.relpath(back, Path(name).parent))


def printable(name: str) -> str:
    """The path as text; bytes that are no UTF-8 are spelt out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def misplaced(folder: Path) -> str | None:
    """What a project, or a package of it, configures to lie where its files are not looked for.

    Returns:
        The file, the setting, its value and what is wrong with it, in one line; `None` if there is
        nothing.
    """
    file = folder / FILE_NAME
    for name, path in _configured(file):
        # the root itself holds what is left out below it
        first = next(iter(Path(path).parts), ".")
        is_left_out = first.startswith(".") or first in _LEFT_BEHIND
        why = _leads_out(path) or (_OUTSIDE if is_left_out else None)
        if why:
            return f"{FILE_NAME}: {name}: {path} {why}"
    install = next((path for name, path in _configured(file) if name == _INSTALL), "dbt_packages")
    for package in sorted((folder / install).glob(f"*/{FILE_NAME}")):
        for name, path in _configured(package):
            # dbt installs packages where the project says
            why = None if name == _INSTALL else _leads_out(path)
            if why:
                file = package.relative_to(folder)
                return f"{file.as_posix()}: {name}: {path} {why}"
    return None


def _configured(file: Path) -> list[tuple[str, str]]:
    """The paths that a `dbt_project.yml` names."""
    content: Any = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    return [
        (str(name), str(path))
        for name, value in (content or {}).items()
        if str(name).endswith("-paths") or name == _INSTALL
        for path in (value if isinstance(value, list) else [value])
        if path is not None
    ]


def _leads_out(path: str) -> str | None:
    """Why files of this path may lie outside of the folder that names it, if they may."""
    if "{" in path:
        return "is known to dbt alone; write the folder's name"
    leads_out = Path(path).is_absolute() or ".." in Path(path).parts
    return _OUTSIDE if leads_out else None


def _walk(root: str, below: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
    found = os.stat(f"{root}/{below}")  # noqa: PTH116 - thousands of folders
    identity = (found.st_dev, found.st_ino)
    if identity in above:
        yield below
        return
    above |= {identity}
    for entry in os.scandir(f"{root}/{below}"):
        name = entry.name
        if name.endswith(".pyc") or (not below and _is_left_out(name)):
            continue
        if entry.is_dir():
            yield from _walk(root, f"{below}{name}/", above)
        else:
            yield f"{below}{name}"


def _is_left_out(name: str) -> bool:
    hidden = name.startswith(".") and name not in _READ_THOUGH_HIDDEN
    return hidden or name in _LEFT_BEHIND or name in _NOT_READ


def digest(folder: Path, name: str) -> str:
    """SHA-256 of one file.

    Raises:
        OSError: it cannot be read.
    """
    if name.endswith("/"):
        return _LEADS_BACK
    with open(f"{folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - thousands of files
        content = file.read(_CHUNK)
        if len(content) < _CHUNK:
            return hashlib.sha256(content).hexdigest()
        whole = hashlib.sha256(content)
        while content := file.read(_CHUNK):
            whole.update(content)
        return whole.hexdigest()
