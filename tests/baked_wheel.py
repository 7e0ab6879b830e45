"""The wheel around any dbt project: built, baked, installed, and run.

A parse state is served from an installed package only, and only for the project beside it. So what
a test changes, it changes in a copy of what was installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runs import MAIN, Project, Running

ROOT = Path(__file__).resolve().parents[1]
SHAPING = ("pyproject.toml", "hatch_build.py", "release.py", "LICENSE", "README.md")
STATE = "WHEEL_PARSE_STATE"
"""Names the folder of baked states that a build puts into the wheel."""
LEAVINGS = shutil.ignore_patterns("__pycache__", "target", "logs", ".*")


@dataclass(frozen=True)
class Installed:
    """The unpacked wheel, as it lies among installed packages.

    Attributes:
        site: what stands on `sys.path`, in front of everything else.
        said: what the bake said.
    """

    site: Path
    said: str = ""

    @property
    def package(self) -> Path:
        """The package itself."""
        return self.site / "dbt_runner"

    @property
    def project(self) -> Path:
        """The dbt project in it."""
        return self.package / "dbt_project"

    @property
    def states(self) -> Path:
        """The baked states in it."""
        return self.package / "_baked"

    def baked(self) -> list[str]:
        """The targets that there is a state for, sorted."""
        return sorted(file.stem for file in self.states.glob("*.state"))

    def copy(self, site: Path) -> Installed:
        """Copy it, for changes."""
        shutil.copytree(self.site, site, copy_function=shutil.copy2)
        return Installed(site, self.said)

    def without_states(self) -> Installed:
        """Take the states away: whatever runs from now on parses."""
        shutil.rmtree(self.states, ignore_errors=True)
        return self


def build(project: Path, folder: Path, *words: str, bake: bool = True) -> Installed:
    """Build the wheel around a project and install it, with all byte code.

    Args:
        project: the dbt project, with its `runner.yml`.
        folder: for the build and what is installed; made.
        words: further arguments of `dbt-runner bake`.
        bake: `False` for a wheel without states.

    Raises:
        CalledProcessError: the build failed; its output says why.
    """
    checkout, states, dist = (folder / name for name in ("checkout", "states", "dist"))
    shutil.copytree(ROOT / "src/dbt_runner", checkout / "src/dbt_runner", ignore=LEAVINGS)
    shutil.copytree(project, checkout / "dbt_project", ignore=LEAVINGS)
    for name in SHAPING:
        shutil.copy(ROOT / name, checkout / name)
    said = _bake(checkout, states, words) if bake else ""
    _python(
        ["-m", "hatchling", "build", "--target", "wheel", "--directory", str(dist)],
        checkout,
        {STATE: str(states)} if bake else {},
    )
    [wheel] = dist.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        # what an installer does with a wheel that holds packages only
        archive.extractall(site)
    _python(["-m", "compileall", "-q", str(site)], checkout, {})
    shutil.rmtree(checkout)
    return Installed(site, said)


def _bake(checkout: Path, states: Path, words: Sequence[str]) -> str:
    command = [*MAIN, "bake", f"--project-dir={checkout / 'dbt_project'}"]
    return _python(
        [*command, f"--output={states}", *words],
        checkout,
        {"PYTHONPATH": str(checkout / "src")},
    )


def _python(words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> str:
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, done.args, done.stdout, done.stderr + done.stdout
        )
    return done.stdout + done.stderr


@dataclass
class InstalledProject(Project):
    """The project of an installed wheel, and everything that its runs touch, in one folder."""

    installed: Installed = field(kw_only=True)

    def __post_init__(self) -> None:
        for folder in (self.root, self.tmp, self.root / "home"):
            folder.mkdir(exist_ok=True)

    @property
    def folder(self) -> Path:
        """The dbt project."""
        return self.installed.project

    @property
    def site(self) -> Path | None:
        """What the runs import dbt-runner from."""
        return self.installed.site

    @property
    def statements(self) -> Path:
        """Where the statements of the latest run are noted."""
        return self.root / f"{len(self.started) - 1}.statements"

    def arguments(self, *arguments: str) -> list[str]:
        """A command line, as a job has it: the project is the packaged one."""
        return [word for word in super().arguments(*arguments) if "--project-dir" not in word]

    def fork(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Running:
        """Start it, with its statements noted."""
        noted = {"NOTED_STATEMENTS": str(self.root / f"{len(self.started)}.statements")}
        return super().fork(*arguments, env={**noted, **(env or {})})
