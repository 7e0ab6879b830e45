"""The release of this checkout, built once, and the environments it is installed into."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]

# What decides the wheel; a copy of these builds the same wheel.
SOURCES = (
    "src/dbt_runner",
    "dbt_project",
    "hatch_build.py",
    "pyproject.toml",
    "LICENSE",
    "README.md",
)


@dataclass(frozen=True)
class Release:
    """The folder that `make build` makes."""

    folder: Path

    @property
    def wheel(self) -> Path:
        """The one wheel."""
        [wheel] = self.folder.glob("*.whl")
        return wheel

    @property
    def version(self) -> str:
        """The version that the wheel's name bears."""
        return self.wheel.name.split("-")[1]

    def names(self) -> list[str]:
        """List what the wheel holds, without its dist-info."""
        with zipfile.ZipFile(self.wheel) as archive:
            return [name for name in archive.namelist() if ".dist-info/" not in name]

    def read(self, name: str) -> str:
        """Read a file of the wheel's dist-info."""
        with zipfile.ZipFile(self.wheel) as archive:
            return archive.read(f"dbt_runner-{self.version}.dist-info/{name}").decode()


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds the wheel and no trace of the checkout."""

    folder: Path
    prefix: tuple[str, ...] = ()

    def run(self, program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment as a newcomer would: empty home, nothing inherited."""
        home = cwd / "home"
        home.mkdir(exist_ok=True)
        return subprocess.run(
            [*self.prefix, str(self.folder / "bin" / program), *arguments],
            cwd=cwd,
            env={"PATH": f"{self.folder}/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"},
            capture_output=True,
            check=False,
            encoding="utf-8",
        )


@pytest.fixture(scope="session")
def uv() -> str:
    """The uv that make brings, or the one on PATH."""
    own = sorted(ROOT.glob(".tools/uv-*/bin/uv"))
    found = os.environ.get("UV") or (str(own[-1]) if own else shutil.which("uv"))
    assert found, "no uv: run `make env`"
    return found


@pytest.fixture(scope="session")
def release(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """What `make build` makes of this checkout."""
    folder = tmp_path_factory.mktemp("release") / "dist"
    command = [sys.executable, str(ROOT / "release.py"), "--uv", uv, "--out", str(folder)]
    subprocess.run(command, check=True)
    return Release(folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what decides the wheel, outside of any repository."""
    return _copy_checkout(tmp_path / "checkout")


@pytest.fixture(scope="session")
def copy_checkout() -> Callable[[Path], Path]:
    """Makes further copies like `checkout`, in the folder that it is given."""
    return _copy_checkout


def _copy_checkout(folder: Path) -> Path:
    """Copy what decides the wheel, without what tools left behind."""
    left_behind = shutil.ignore_patterns("__pycache__", "target", "logs", "dbt_packages", ".*")
    for source in SOURCES:
        target = folder / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=left_behind)
        else:
            shutil.copy(ROOT / source, target)
    return folder


@pytest.fixture(scope="session")
def installed(uv: str, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel with the extra `local`, at a place where nothing can be written."""
    folder = install(uv, release, tmp_path_factory.mktemp("installed") / "env", "local")
    return Environment(folder, prefix=read_only(folder))


@pytest.fixture(scope="session")
def installed_base(
    uv: str, release: Release, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """The wheel without extras, as a job on Databricks has it."""
    return Environment(install(uv, release, tmp_path_factory.mktemp("base") / "env"))


def install(uv: str, release: Release, folder: Path, *extras: str) -> Path:
    """Install the locked dependencies, then the wheel.

    All of it comes from the cache that `make env` has filled; the network is asked only where the
    environment was kept and the cache was not.
    """
    chosen = [f"--extra={extra}" for extra in extras]
    sync = ["sync", "--quiet", "--locked", "--no-default-groups", "--no-install-project", *chosen]
    wheel = f"dbt-runner[{','.join(extras)}] @ {release.wheel.as_uri()}"
    steps = [
        [*sync, "--compile-bytecode", "--python", sys.executable],
        # Resolves for real: it fails when what the wheel asks for is not there already.
        ["pip", "install", "--quiet", "--compile-bytecode", "--python", str(folder), wheel],
    ]
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(folder)}
    for step in steps:
        cached = subprocess.run([uv, *step, "--offline"], cwd=ROOT, env=environment, check=False)
        if cached.returncode:
            subprocess.run([uv, *step], cwd=ROOT, env=environment, check=True)
    return folder


def read_only(folder: Path) -> tuple[str, ...]:
    """Make a folder read-only and return the command prefix under which it is so.

    Permissions don't bind root, so root looks at the folder through a read-only mount, unless the
    machine is a container that allows none.
    """
    if os.geteuid() != 0:
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o555)
        return ()
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", script, str(folder))
    allowed = (
        shutil.which("unshare")
        and not subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode
    )
    return prefix if allowed else ()
