"""Where the dbt project lies, and what its dbt_project.yml says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbt_runner import project
from dbt_runner.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "name", "profile"),
    [
        pytest.param("name: shop\nprofile: mine", "shop", "mine", id="plain"),
        pytest.param("\ufeffname: shop\nprofile: mine", "shop", "mine", id="byte-order-mark"),
        pytest.param("name: shop", "shop", "shop", id="profile-is-the-name"),
    ],
)
def test_project_is_found(tmp_path: Path, text: str, name: str, profile: str) -> None:
    """A folder with a dbt_project.yml is a project."""
    (tmp_path / "dbt_project.yml").write_text(text, encoding="utf-8")
    found = project.find(str(tmp_path))
    assert found == project.Project(tmp_path, name, profile, packaged=False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"name: [", "cannot be read", id="malformed"),
        pytest.param(b"name: 2024-13-01", "cannot be read", id="date-that-does-not-exist"),
        pytest.param(b"\xff\xff", "cannot be read", id="no-text"),
        pytest.param(b"", "gives the project no name", id="empty"),
        pytest.param(b"- a", "gives the project no name", id="a-list"),
        pytest.param(b"name: 5", "gives the project no name", id="a-number"),
        pytest.param(b"name: ../../x", "gives the project no name", id="a-path"),
        pytest.param(b"name: ''", "gives the project no name", id="blank"),
    ],
)
def test_project_that_cannot_be_used(tmp_path: Path, content: bytes, message: str) -> None:
    """A dbt_project.yml that is broken, or whose name is none, is refused in one line."""
    (tmp_path / "dbt_project.yml").write_bytes(content)
    with pytest.raises(ProjectError, match=f"^project_dir: .*dbt_project.yml {message}") as caught:
        project.find(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_packaged_project_is_the_default() -> None:
    """Without a folder it is the shipped project."""
    found = project.find(None)
    assert (found.name, found.packaged) == ("tpch", True)
    assert found.folder == project.packaged_folder()
    assert found.folder.is_absolute()
