"""Decides what the wheel holds and which version it bears, for hatchling.

The version is `<base>+<local>`, so that a wheel always names what it was made from:

- `0.1.0+g<12 hex>`: the shipped files are those of that commit;
- `0.1.0+g<12 hex>.d<8 hex>`: they differ from the commit; the second part is their hash;
- `0.1.0+t<12 hex>`: no commit is known (no git, no repository); the hash alone.

`python hatch_build.py` prints the version.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_VERSION = "0.1.0"

ROOT = Path(__file__).resolve().parent

# Folder in the repository -> folder in the wheel.
SHIPPED = {"src/dbt_runner": "dbt_runner", "dbt_project": "dbt_runner/dbt_project"}

# A folder of baked parse states, as `dbt-runner bake` leaves it, and where the wheel holds them. It
# is named by who builds, never by a run: what is served comes from the installed package alone.
PARSE_STATE = "WHEEL_PARSE_STATE"
BAKED = "dbt_runner/_baked"

# Files that shape the wheel (its metadata and its choice of files) without being part of it.
SHAPING = ("pyproject.toml", "hatch_build.py", "LICENSE", "README.md")

# What dbt and Python leave behind. dbt's folders are meant where dbt puts them and nowhere else: a
# project may well have models/logs.
LEFT_BEHIND = ("dbt_project/target/", "dbt_project/logs/", "dbt_project/dbt_packages/")
LEFT_BEHIND_SUFFIXES = (".duckdb", ".duckdb.wal", ".pyc", ".pyo")


def shipped_files(root: Path = ROOT) -> dict[str, str]:
    """List the wheel's files, from their path in the repository to their path in the wheel.

    Raises:
        ValueError: a shipped folder is missing or a link, or holds anything but real files.
    """
    for source in SHIPPED:
        if not (root / source).is_dir() or (root / source).is_symlink():
            msg = f"{root / source} is no real folder; the wheel ships it"
            raise ValueError(msg)
    return {
        path: target + path.removeprefix(source)
        for source, target in SHIPPED.items()
        for path in sorted(_walk(root, source))
    }


def baked_files() -> dict[str, str]:
    """List the parse states that the wheel brings along, from their path to that in the wheel.

    They follow from the shipped files and the versions that parse, so the version tells of the
    former, and each state's key of the latter.

    Raises:
        ValueError: the folder is missing, or holds anything else.
    """
    folder = os.environ.get(PARSE_STATE)
    if not folder:
        return {}
    names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    for name in names:
        other = Path(folder, Path(name).stem + (".json" if name.endswith(".state") else ".state"))
        if not name.endswith((".state", ".json")) or not other.is_file():
            msg = f"{PARSE_STATE}: {folder}/{name} is not a state and its key"
            raise ValueError(msg)
    return {str(Path(folder, name).resolve()): f"{BAKED}/{name}" for name in names}


def version(root: Path = ROOT) -> str:
    """Derive the version from the commit and the files that decide the wheel."""
    tree = _tree(root)
    local = _commit(root, tree) or f"t{_digest(tree)[:12]}"
    return f"{BASE_VERSION}+{local}"


class WheelHook(BuildHookInterface[Any]):
    """Names each file of the wheel; an editable install needs none, it points at src."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Hand the list of files to hatchling."""
        files = shipped_files(Path(self.root))
        if version != "editable":
            build_data["force_include"] = {
                str(Path(self.root, source)): target for source, target in files.items()
            } | baked_files()


def _walk(root: Path, folder: str) -> Iterator[str]:
    """Yield the shipped files below a folder, as POSIX paths from the root."""
    for entry in os.scandir(root / folder):
        path = f"{folder}/{entry.name}"
        if not _is_shipped(path):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, path)
        elif entry.is_file(follow_symlinks=False):
            yield path
        else:
            msg = f"{entry.path} is a link or no regular file; the wheel holds real files only"
            raise ValueError(msg)


def _is_shipped(path: str) -> bool:
    """Tell whether a path of a shipped folder belongs into the wheel; dotfiles never do."""
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.split("/"))
    left_behind = f"{path}/".startswith(LEFT_BEHIND) or path.endswith(LEFT_BEHIND_SUFFIXES)
    return not (hidden or left_behind)


def _tree(root: Path) -> dict[str, tuple[str, bytes]]:
    """Read the files that decide the wheel: path -> git's mode, content."""
    names = [*SHAPING, *shipped_files(root)]
    return {name: _read(root / name) for name in sorted(names) if (root / name).exists()}


def _read(path: Path) -> tuple[str, bytes]:
    executable = path.stat().st_mode & stat.S_IXUSR
    return ("100755" if executable else "100644"), path.read_bytes()


def _digest(tree: dict[str, tuple[str, bytes]]) -> str:
    """Hash names, modes and contents, whatever the checkout's place, times and umask."""
    lines = (
        f"{mode} {hashlib.sha256(data).hexdigest()} {name}\n" for name, (mode, data) in tree.items()
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _commit(root: Path, tree: dict[str, tuple[str, bytes]]) -> str | None:
    """Name the commit, and how the tree differs from it; None without a commit.

    Blob ids are computed here rather than asked of `git status`, which would rewrite the index
    and trust time stamps.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    head = _git(root, "rev-parse", "--verify", "HEAD")
    if not top or not head or Path(top.strip()).resolve() != root.resolve():
        return None
    listing = _git(root, "ls-tree", "-r", "-z", "HEAD", "--", *SHAPING, *SHIPPED)
    if listing is None:
        return None
    algorithm = "sha1" if len(head.strip()) == 40 else "sha256"
    committed = dict(_committed(listing))
    present = {name: (mode, _blob_id(data, algorithm)) for name, (mode, data) in tree.items()}
    commit = f"g{head[:12]}"
    return commit if committed == present else f"{commit}.d{_digest(tree)[:8]}"


def _committed(listing: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Read `git ls-tree -z`: path -> mode, blob id, of the files that decide the wheel."""
    for line in listing.split("\0")[:-1]:
        facts, name = line.split("\t", 1)
        mode, _, blob = facts.split()
        if name in SHAPING or _is_shipped(name):
            yield name, (mode, blob)


def _blob_id(data: bytes, algorithm: str) -> str:
    return hashlib.new(
        algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False
    ).hexdigest()


def _git(root: Path, *arguments: str) -> str | None:
    """Run git on this repository only, whatever GIT_DIR a calling hook has set."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        result = subprocess.run(
            ["git", *arguments],
            cwd=root,
            env=environment,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
    except OSError:
        return None
    return result.stdout if result.returncode == 0 else None


if __name__ == "__main__":
    print(version())
