"""Where the dbt project lies, and what its `dbt_project.yml` says about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from dbt_runner.errors import ProjectError

FILE_NAME = "dbt_project.yml"
_NAME = re.compile(r"[^\W\d]\w{0,127}")


@dataclass(frozen=True)
class Project:
    """A dbt project on disk.

    Attributes:
        folder: absolute; never written to.
        name: the project's name.
        profile: the profile of `profiles.yml` that it asks for.
        packaged: it is the one that this package ships.
    """

    folder: Path
    name: str
    profile: str
    packaged: bool


def packaged_folder() -> Path:
    """The shipped project: inside the package, or beside `src/` in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "dbt_project"
    return inside if inside.is_dir() else package.parent.parent / "dbt_project"


def find(folder: str | None) -> Project:
    """Find a dbt project.

    Args:
        folder: absolute path of the project; `None` for the shipped one.

    Raises:
        ProjectError: there is no dbt project, or its `dbt_project.yml` cannot be read.
    """
    place = Path(folder) if folder else packaged_folder()
    file = place / FILE_NAME
    if not place.is_dir():
        what = "is a file" if place.exists() else "does not exist"
        msg = f"project_dir: {place} {what}; give the folder that holds {FILE_NAME}"
        raise ProjectError(msg)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        msg = f"project_dir: {place} holds no {FILE_NAME}; give the folder that does"
        raise ProjectError(msg) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        msg = f"project_dir: {file} cannot be read: {' '.join(str(error).split())}"
        raise ProjectError(msg) from error
    name = content.get("name") if isinstance(content, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        # it becomes the name of a folder
        msg = f"project_dir: {file} gives the project no name of letters, digits and underscores"
        raise ProjectError(msg)
    return Project(place, name, str(content.get("profile") or name), folder is None)
