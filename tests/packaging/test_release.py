"""The files beside the wheel say exactly what `uv.lock` says."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Release

ROOT = Path(__file__).parents[2]

Pins = set[tuple[str, str]]


@pytest.fixture(scope="module")
def lock() -> dict[str, Any]:
    """The lock, read without uv."""
    return tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))


def test_constraints_pin_what_the_lock_pins(release: Release, lock: dict[str, Any]) -> None:
    """Each dependency of the wheel and its extra is pinned exactly, at the lock's version."""
    assert pins(release.folder / "constraints.txt") == locked(lock, extras=True)


def test_constraints_fit_beside_the_wheel(release: Release) -> None:
    """Constraints hold nothing that pip refuses in them: no hashes, no extras, not ourselves."""
    text = (release.folder / "constraints.txt").read_text(encoding="utf-8")
    names = {name for name, _ in pins(release.folder / "constraints.txt")}
    assert {"dbt-core", "dbt-databricks", "databricks-sdk", "databricks-sql-connector"} <= names
    assert "dbt-runner" not in names
    assert not re.search(r"--hash|\[|^-|://", text, re.MULTILINE)


def test_jobs_install_what_the_lock_pins(lock: dict[str, Any]) -> None:
    """The pins that jobs install beside the wheel are those of the lock (`make pins`)."""
    assert pins(ROOT / "resources/requirements.txt") == locked(lock, extras=False)


def test_requirements_lock_production(release: Release, lock: dict[str, Any]) -> None:
    """The locked requirements are those of production: without DuckDB, each with its hashes."""
    path = release.folder / "requirements.lock"
    assert pins(path) == locked(lock, extras=False)
    entries = re.split(r"\n(?=\S)", path.read_text(encoding="utf-8"))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_requirements_lock_the_wheel(release: Release) -> None:
    """The wheel itself stands in them by a relative path and its own hash."""
    digest = hashlib.sha256(release.wheel.read_bytes()).hexdigest()
    text = (release.folder / "requirements.lock").read_text(encoding="utf-8")
    assert text.startswith(f"./{release.wheel.name} \\\n    --hash=sha256:{digest}\n")


def test_requirements_name_extras_for_pip(release: Release, lock: dict[str, Any]) -> None:
    """Dependencies wanted with extras are locked with them, or pip calls them unpinned."""
    text = (release.folder / "requirements.lock").read_text(encoding="utf-8")
    named = set(re.findall(r"^([a-z0-9-]+)\[", text, re.MULTILINE))
    wanted = {
        dependency["name"]
        for package in lock["package"]
        for dependency in package.get("dependencies", [])
        if dependency.get("extra")
    }
    assert named == wanted & {name for name, _ in pins(release.folder / "requirements.lock")}


def test_a_changed_wheel_is_refused(uv: str, release: Release, tmp_path: Path) -> None:
    """A wheel that is not the one that was locked does not get installed."""
    text = (release.folder / "requirements.lock").read_text(encoding="utf-8")
    (tmp_path / "requirements.lock").write_text("\n".join(text.split("\n")[:2]) + "\n")
    changed = tmp_path / release.wheel.name
    shutil.copy(release.wheel, changed)
    with zipfile.ZipFile(changed, "a") as archive:
        archive.comment = b"changed"
    command = [uv, "pip", "install", "--offline", "--no-deps", "--require-hashes"]
    target = ["--python", sys.executable, "--target", str(tmp_path / "env")]
    for folder, refused in ((release.folder, False), (tmp_path, True)):
        lock = ["-r", str(tmp_path / "requirements.lock")]
        result = subprocess.run(
            [*command, *target, *lock], cwd=folder, capture_output=True, check=False, text=True
        )
        assert ("Hash mismatch" in result.stderr) is refused, result.stderr


def test_bill_of_materials(release: Release, lock: dict[str, Any]) -> None:
    """The bill of materials names the wheel by hash, and lists what production installs."""
    [path] = release.folder.glob("*.cdx.json")
    bill = json.loads(path.read_text(encoding="utf-8"))
    component = bill["metadata"]["component"]
    assert bill["bomFormat"] == "CycloneDX"
    assert (component["name"], component["version"]) == ("dbt-runner", release.version)
    digest = hashlib.sha256(release.wheel.read_bytes()).hexdigest()
    assert component["hashes"] == [{"alg": "SHA-256", "content": digest}]
    listed = {(entry["name"], entry["version"]) for entry in bill["components"]}
    assert listed == locked(lock, extras=False)
    assert all(entry["purl"].startswith("pkg:pypi/") for entry in bill["components"])


def test_release_is_the_same_twice(uv: str, release: Release, tmp_path: Path) -> None:
    """All of dist/ follows from the commit and the lock: made again, it is the same bytes."""
    folder = tmp_path / "again"
    command = [sys.executable, str(ROOT / "release.py"), "--uv", uv, "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    first = {path.name: path.read_bytes() for path in release.folder.iterdir()}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_lock_names_the_public_index_only(lock: dict[str, Any]) -> None:
    """The lock was resolved against the public index, so it holds on every network."""
    sources = [package["source"] for package in lock["package"]]
    assert {tuple(source) for source in sources} == {("registry",), ("editable",)}
    hosts = set(re.findall(r'https?://([^/"]+)', (ROOT / "uv.lock").read_text(encoding="utf-8")))
    assert hosts <= {"pypi.org", "files.pythonhosted.org"}


def test_build_backend_is_the_locked_one(lock: dict[str, Any]) -> None:
    """The backend of a build from source is the one that made the release's bytes."""
    [backend] = [entry for entry in lock["package"] if entry["name"] == "hatchling"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["build-system"]["requires"] == [f"hatchling=={backend['version']}"]


def pins(path: Path) -> Pins:
    """Read the exact pins of a requirements file, without extras and markers."""
    found = re.findall(
        r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==([^ \n;\\]+)",
        path.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return set(found)


def locked(lock: dict[str, Any], *, extras: bool) -> Pins:
    """Walk the lock from our package: everything it leads to, on every platform."""
    packages: dict[str, list[dict[str, Any]]] = {}
    for package in lock["package"]:
        packages.setdefault(package["name"], []).append(package)
    seen: set[tuple[str, str]] = set()
    todo = [("dbt-runner", ""), *([("dbt-runner", "local")] if extras else [])]
    while todo:
        name, extra = todo.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for package in packages[name]:
            wanted = package.get("optional-dependencies", {}).get(extra, []) if extra else []
            for dependency in wanted or ([] if extra else package.get("dependencies", [])):
                todo.append((dependency["name"], ""))
                todo.extend((dependency["name"], each) for each in dependency.get("extra", []))
    return {
        (name, package["version"])
        for name, _ in seen
        for package in packages[name]
        if name != "dbt-runner"
    }
