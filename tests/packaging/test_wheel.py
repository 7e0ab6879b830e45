"""What the wheel holds, says about itself, and that it is the same wheel every time."""

from __future__ import annotations

import configparser
import email
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from dbt_runner.baked.names import FIRST, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.packaging.conftest import Release

ROOT = Path(__file__).parents[2]

WHEEL_PATHS = {"src/dbt_runner/": "dbt_runner/", "dbt_project/": "dbt_runner/dbt_project/"}

FORBIDDEN = re.compile(
    r"/dbt_project/(target|logs|dbt_packages)/"
    r"|(^|/)(\.[^/]*|__pycache__|manifest\.json|run_results\.json|partial_parse\.msgpack)(/|$)"
    r"|(^|/)(profiles\.ya?ml|id_(rsa|dsa|ecdsa|ed25519)|[^/]*secrets?\.(json|txt|ya?ml))$"
    r"|\.(duckdb|wal|pyc|pem|key|p12|pfx|env|log)$",
    re.IGNORECASE,
)


def test_wheel_holds_the_package_and_the_project(release: Release) -> None:
    """It holds every file of the package and of the dbt project, the states, and nothing else."""
    assert sorted(release.names()) == sorted(set(release.names()))
    assert set(release.names()) == expected_names() | expected_states()


def expected_states() -> set[str]:
    """A parse state and its key for each target of the project."""
    targets = yaml.safe_load((ROOT / "dbt_project/runner.yml").read_text())["targets"]
    return {f"dbt_runner/_baked/{name}{end}" for name in targets for end in (".state", ".json")}


def test_states_are_those_of_the_shipped_project(release: Release) -> None:
    """Each key has the digests of the files as they lie in the wheel, and of its state's bytes."""
    with zipfile.ZipFile(release.wheel) as archive:
        files = {
            name.removeprefix("dbt_runner/dbt_project/"): hashlib.sha256(archive.read(name))
            for name in release.names()
            if name.startswith("dbt_runner/dbt_project/") and not name.endswith("/runner.yml")
        }
        for name in expected_states():
            if name.endswith(".json"):
                key = json.loads(archive.read(name))
                assert key["files"] == {path: d.hexdigest() for path, d in files.items()}
                state = archive.read(name.replace(".json", ".state"))
                assert key["sha256"] == hashlib.sha256(state).hexdigest()


def test_states_hold_no_place_of_the_build(release: Release) -> None:
    """No path of the machine that built the wheel, and no stand-in, is left in a state."""
    places = [str(ROOT), sys.prefix, "/dbt-runner-bake-", *FIRST.marks, *SECOND.marks]
    with zipfile.ZipFile(release.wheel) as archive:
        for name in expected_states():
            data = archive.read(name)
            data = zlib.decompress(data) if name.endswith(".state") else data
            assert [place for place in places if place.encode() in data.lower()] == []


def test_states_are_put_in_by_a_variable(checkout: Path, tmp_path: Path) -> None:
    """The build takes a folder of states, and does not take one that holds anything else."""
    states = tmp_path / "states"
    states.mkdir()
    for name in ("local.state", "local.json"):
        (states / name).write_text(name)
    assert hatchling(checkout, WHEEL_PARSE_STATE=str(states)).returncode == 0
    [wheel] = (checkout / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("dbt_runner/_baked/local.state") == b"local.state"
    (states / "prod.state").write_text("without a key")
    refused = hatchling(checkout, WHEEL_PARSE_STATE=str(states))
    assert refused.returncode != 0
    assert "prod.state is not a state and its key" in refused.stderr


def expected_names() -> set[str]:
    """Ask git, which knows nothing of the build, for the files; dotfiles stay at home."""
    if not (ROOT / ".git").exists():
        pytest.skip("no repository: nothing but the build itself knows what belongs to it")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *WHEEL_PATHS]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    files = [name for name in listing.split("\0")[:-1] if (ROOT / name).is_file()]
    return {
        target + name.removeprefix(source)
        for source, target in WHEEL_PATHS.items()
        for name in files
        if name.startswith(source) and "/." not in name
    }


def test_wheel_has_what_a_job_needs(release: Release) -> None:
    """The typing marker and the dbt project lie where the installed package looks for them."""
    needed = {"dbt_runner/__init__.py", "dbt_runner/cli.py", "dbt_runner/py.typed"}
    assert needed | {"dbt_runner/dbt_project/dbt_project.yml"} <= set(release.names())


def test_wheel_holds_nothing_harmful(release: Release) -> None:
    """No absolute path, no way out, no link, nothing left behind, nothing that looks secret."""
    with zipfile.ZipFile(release.wheel) as archive:
        entries = archive.infolist()
    for entry in entries:
        assert not entry.filename.startswith("/")
        assert ".." not in Path(entry.filename).parts
        assert not stat.S_ISLNK(entry.external_attr >> 16)
    assert [entry.filename for entry in entries if FORBIDDEN.search(entry.filename)] == []


@pytest.mark.parametrize(
    "name",
    [
        "dbt_project/.env",
        "dbt_project/.user.yml",
        "dbt_project/dbt_packages/dbt_utils/dbt_project.yml",
        "dbt_project/logs/dbt.log",
        "dbt_project/seeds/local.duckdb",
        "dbt_project/target/manifest.json",
        "src/dbt_runner/__pycache__/cli.cpython-311.pyc",
    ],
)
def test_leavings_stay_out(checkout: Path, name: str) -> None:
    """What dbt, Python and people leave in the folders neither ships nor changes the version."""
    before = build(checkout)
    path = checkout / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("left behind")
    after = build(checkout)
    assert before == after


def test_models_about_logs_ship(checkout: Path) -> None:
    """What dbt leaves behind is known by its place: a folder of models may bear the same name."""
    path = checkout / "dbt_project" / "models" / "logs" / "target" / "clicks.sql"
    path.parent.mkdir(parents=True)
    path.write_text("select 1")
    before = build(checkout)
    path.write_text("select 2")
    assert build(checkout) != before


@pytest.mark.parametrize("target", ["/etc/hostname", "dbt_project.yml", "missing", "."])
def test_links_are_refused(checkout: Path, target: str) -> None:
    """A link in a shipped folder ends the build, wherever it leads."""
    (checkout / "dbt_project" / "link.sql").symlink_to(target)
    result = hatchling(checkout)
    assert result.returncode != 0
    assert "link.sql is a link or no regular file" in result.stderr


def test_missing_project_is_refused(checkout: Path) -> None:
    """A checkout without its dbt project ends the build rather than making a hollow wheel."""
    shutil.rmtree(checkout / "dbt_project")
    result = hatchling(checkout)
    assert result.returncode != 0
    assert "dbt_project is no real folder" in result.stderr


def test_same_sources_same_bytes(copy_checkout: Callable[[Path], Path], tmp_path: Path) -> None:
    """Two checkouts at different places, of different ages and umasks, give the same bytes."""
    first = build(copy_checkout(tmp_path / "one"))
    previous = os.umask(0o077)
    try:
        second_checkout = copy_checkout(tmp_path / "a longer" / "place")
    finally:
        os.umask(previous)
    for path in second_checkout.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (1, 1))
    second = build(second_checkout, TZ="Asia/Tokyo", PYTHONHASHSEED="1", LC_ALL="C")
    assert first == second


def test_wheel_through_a_source_distribution_is_the_same(checkout: Path, tmp_path: Path) -> None:
    """A source distribution knows the version it was made at, and gives the same wheel."""
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)
    commit(checkout)
    direct = build(checkout)
    assert "+g" in direct[0]
    assert hatchling(checkout, "sdist").returncode == 0
    [archive] = (checkout / "out").glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path / "sdist")
    [unpacked] = (tmp_path / "sdist").iterdir()
    assert build(unpacked) == direct


def test_metadata(release: Release) -> None:
    """The metadata names the licence, the Pythons, the typing and the version of the file name."""
    metadata = email.message_from_string(release.read("METADATA"))
    assert metadata["Name"] == "dbt-runner"
    assert metadata["Version"] == release.version
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert "Apache License" in release.read("licenses/LICENSE")


def test_duckdb_comes_with_the_extra_only(release: Release) -> None:
    """A job on Databricks never installs DuckDB: it belongs to the extra `local`."""
    metadata = email.message_from_string(release.read("METADATA"))
    required = metadata.get_all("Requires-Dist", [])
    base = {re.split(r"[<>=!~;\[ ]", line)[0] for line in required if "extra ==" not in line}
    local = {re.split(r"[<>=!~;\[ ]", line)[0] for line in required if "extra ==" in line}
    assert metadata.get_all("Provides-Extra") == ["local"]
    assert base == {
        "dbt-core",
        "dbt-databricks",
        "pydantic-settings",
        "pyyaml",
        "rich",
        "structlog",
    }
    assert local == {"dbt-duckdb", "tpchgen-cli"}


def test_entry_points(release: Release) -> None:
    """One command for people; the entry points of wheel tasks stand in a group of their own."""
    parser = configparser.ConfigParser()
    parser.read_string(release.read("entry_points.txt"))
    assert {name: dict(parser[name]) for name in parser.sections()} == {
        "console_scripts": {"dbt-runner": "dbt_runner.cli:script"},
        "databricks": {"run": "dbt_runner.cli:run", "shell": "dbt_runner.cli:shell"},
    }


def hatchling(
    checkout: Path, target: str = "wheel", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Build below `out` with the backend of this environment."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", "out"]
    return subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def build(checkout: Path, **environment: str) -> tuple[str, str]:
    """Build the wheel and return its name and its hash."""
    result = hatchling(checkout, **environment)
    assert result.returncode == 0, result.stderr
    [wheel] = (checkout / "out").glob("*.whl")
    content = wheel.read_bytes()
    wheel.unlink()
    return wheel.name, hashlib.sha256(content).hexdigest()


def commit(checkout: Path) -> None:
    """Commit everything."""
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "add", "--all"], cwd=checkout, check=True)
    subprocess.run(["git", *identity, "commit", "-qm", "x"], cwd=checkout, check=True)
