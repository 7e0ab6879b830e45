"""The version names the commit, and whether the files are still the commit's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

IDENTITY = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
TREE_VERSION = re.compile(r"\d+\.\d+\.\d+\+t[0-9a-f]{12}")


@pytest.fixture
def clone(checkout: Path) -> Path:
    """A repository of one commit."""
    git(checkout, "init", "--quiet")
    git(checkout, "add", "--all")
    git(checkout, *IDENTITY, "commit", "--quiet", "--message", "all")
    return checkout


def test_clean_commit(clone: Path) -> None:
    """A tree as committed bears the commit's first twelve digits."""
    assert re.fullmatch(rf"\d+\.\d+\.\d+\+g{head(clone)}", version(clone))


@pytest.mark.parametrize("change", ["edit", "add", "delete", "mode", "stage"])
def test_changed_tree(clone: Path, change: str) -> None:
    """A tree that ships something else than its commit says so, and by which content."""
    path = clone / "dbt_project" / "dbt_project.yml"
    match change:
        case "edit":
            path.write_text(path.read_text() + "\n# changed\n")
        case "add":
            path.with_name("new.sql").write_text("select 1")
        case "delete":
            path.unlink()
        case "mode":
            path.chmod(0o755)
        case "stage":
            path.write_text("name: staged")
            git(clone, "add", "--all")
    assert re.fullmatch(rf"\d+\.\d+\.\d+\+g{head(clone)}\.d[0-9a-f]{{8}}", version(clone))


def test_changes_elsewhere_do_not_count(clone: Path) -> None:
    """What the wheel does not hold does not make its tree another one."""
    before = version(clone)
    (clone / "notes.md").write_text("a note")
    (clone / "dbt_project" / "target").mkdir()
    (clone / "dbt_project" / "target" / "manifest.json").write_text("{}")
    for path in clone.rglob("*.yml"):
        os.utime(path, (1, 1))
    assert version(clone) == before


def test_same_change_same_version(clone: Path) -> None:
    """The second part is a hash of contents: undone it vanishes, redone it returns."""
    path = clone / "dbt_project" / "dbt_project.yml"
    original = path.read_text()
    clean = version(clone)
    path.write_text("name: one")
    first = version(clone)
    path.write_text("name: two")
    second = version(clone)
    path.write_text("name: one")
    assert version(clone) == first != second
    path.write_text(original)
    assert version(clone) == clean


def test_no_repository(checkout: Path, tmp_path: Path) -> None:
    """Without a repository the version is the hash of the tree, wherever the tree lies."""
    moved = shutil.copytree(checkout, tmp_path / "moved")
    assert TREE_VERSION.fullmatch(version(checkout))
    assert version(checkout) == version(moved)
    (moved / "LICENSE").write_text("another")
    assert version(checkout) != version(moved)


def test_no_git(clone: Path, tmp_path: Path) -> None:
    """A repository on a machine without git counts as none."""
    assert TREE_VERSION.fullmatch(version(clone, PATH=str(tmp_path)))


def test_repository_without_a_commit(checkout: Path) -> None:
    """A repository that has no commit yet counts as none."""
    git(checkout, "init", "--quiet")
    assert TREE_VERSION.fullmatch(version(checkout))


def test_inside_another_repository(clone: Path) -> None:
    """A tree unpacked inside another repository does not take that one's commit for its own."""
    inner = clone / "vendor" / "dbt-runner"
    ignored = shutil.ignore_patterns(".git", "vendor")
    shutil.copytree(clone, inner, ignore=ignored)
    assert TREE_VERSION.fullmatch(version(inner))


def test_inside_a_hook_of_another_repository(clone: Path, tmp_path: Path) -> None:
    """The variables that git sets for its hooks don't lead to another repository."""
    git(tmp_path, "init", "--quiet", "other")
    expected = version(clone)
    assert version(clone, GIT_DIR=str(tmp_path / "other" / ".git")) == expected


def test_the_installed_version_is_the_trees(clone: Path) -> None:
    """The base version is written once, in the module that builds."""
    base = version(clone).partition("+")[0]
    module = (clone / "hatch_build.py").read_text()
    assert module.count(f'"{base}"') == 1
    assert base not in (clone / "pyproject.toml").read_text()


def version(checkout: Path, **environment: str) -> str:
    """Ask a checkout for its version."""
    return subprocess.run(
        [sys.executable, "hatch_build.py"],
        cwd=checkout,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout.strip()


def head(clone: Path) -> str:
    """Name the commit as the version does."""
    return git(clone, "rev-parse", "HEAD")[:12]


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder."""
    command = ["git", *arguments]
    result = subprocess.run(command, cwd=folder, check=True, capture_output=True, encoding="utf-8")
    return result.stdout
