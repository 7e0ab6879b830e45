"""What a baked state hangs on; whatever is another makes it stale."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.baked import files
from dbt_runner.baked.key import (
    ABSENT,
    BadKey,
    Key,
    Setting,
    installed,
    local_zone,
    output_digest,
    value_digest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OUTPUT = {"type": "duckdb", "path": "/somewhere/local.duckdb", "schema": "analytics", "x": {"y": 1}}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two files."""
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "models" / "orders.sql").write_text("select 1")
    return tmp_path


@pytest.fixture
def key(project: Path) -> Key:
    """The key of a state of that project."""
    return Key(
        sha256="0",
        profile="shop",
        target="local",
        output=output_digest(OUTPUT),
        names=None,
        versions=installed("duckdb"),
        behaviour=("a_flag",),
        files=files.digests(project),
        variables=("read",),
        environment={"READ": value_digest("before"), "UNSET": ABSENT},
        flags={},
        parsed={},
    )


@pytest.fixture
def setting(project: Path) -> Setting:
    """A run that fits, under names of its own."""
    output = {**OUTPUT, "path": "/elsewhere/other.duckdb", "schema": "other"}
    return Setting(project, "shop", "local", output, "other", "other", {}, ("a_flag",))


def why(key: Key, setting: Setting, environ: Mapping[str, str] | None = None) -> str | None:
    """Why the state would not be served."""
    return key.differs(setting, environ or {"READ": "before"}, NOW)


def test_other_names_and_places_fit(key: Key, setting: Setting) -> None:
    """Catalog, schema and the database's file are what a state leaves open."""
    assert why(key, setting) is None


def test_what_the_parse_does_not_read_fits(key: Key, setting: Setting) -> None:
    """Variables and environment that nothing reads while parsing change nothing."""
    setting = replace(setting, variables={"unread": 1})
    assert why(key, setting, {"READ": "before", "UNREAD": "x"}) is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"target": "prod"}, "target: prod is not local"),
        ({"profile": "bank"}, "profile: bank is not shop"),
        ({"output": None}, "profiles_dir"),
        ({"output": {**OUTPUT, "x": {"y": 2}}}, "runner.yml"),
        ({"output": {**OUTPUT, "extra": 1}}, "runner.yml"),
        ({"schema": None}, "known to dbt alone"),
        ({"variables": {"read": 1}}, "the variable read"),
        ({"behaviour": ()}, "flags"),
    ],
    ids=lambda case: str(case)[:30],
)
def test_another_setting_is_named(
    key: Key, setting: Setting, change: dict[str, Any], named: str
) -> None:
    """What a run sets otherwise makes the state stale, and is named."""
    told = why(key, replace(setting, **change))
    assert told is not None
    assert named in told


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"READ": "after"}, "READ"),
        ({"READ": ""}, "READ"),
        ({"OTHER": "x"}, "READ"),
        ({"READ": "before", "UNSET": ""}, "UNSET"),
    ],
)
def test_another_environment_is_named(
    key: Key, setting: Setting, environ: dict[str, str], name: str
) -> None:
    """A variable that the parse read has another value, is gone, or is there now."""
    assert f"the environment variable {name} " in str(why(key, setting, environ))


def test_values_of_the_environment_are_not_kept(key: Key) -> None:
    """A key holds digests, never what a variable held."""
    assert "before" not in key.text()


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("models/orders.sql", "select 2", "models/orders.sql has changed"),
        ("models/items.sql", "select 2", "models/items.sql is new"),
        ("models/orders.sql", None, "models/orders.sql is gone"),
        (".dbtignore", "models", ".dbtignore is new"),
        ("dbt_packages/lib/models/a.sql", "select 1", "dbt_packages/lib/models/a.sql is new"),
        ("models/target/a.sql", "select 1", "models/target/a.sql is new"),
        ("models/__pycache__/a.sql", "select 1", "models/__pycache__/a.sql is new"),
    ],
)
def test_another_file_is_named(
    key: Key, setting: Setting, path: str, text: str | None, told: str
) -> None:
    """A file that is another, new or gone makes the state stale, and is named."""
    file = setting.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    assert why(key, setting) == told


@pytest.mark.parametrize(
    "path", ["target/manifest.json", "logs/dbt.log", ".user.yml", "models/__pycache__/a.pyc"]
)
def test_leavings_change_nothing(key: Key, setting: Setting, path: str) -> None:
    """What dbt and Python leave behind is no part of a project."""
    file = setting.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{}")
    assert why(key, setting) is None


@pytest.mark.parametrize(
    ("name", "points_to", "told"),
    [
        ("models/.#orders.sql", "me@here.42", "models/.#orders.sql is new"),
        ("docs", ".", "docs/ is new"),
    ],
    ids=["into nothing", "in circles"],
)
def test_links_are_not_followed_for_nothing(
    key: Key, setting: Setting, name: str, points_to: str, told: str
) -> None:
    """What an editor leaves, or a package that links to itself, is no reason for a run to fail."""
    (setting.folder / name).symlink_to(points_to)
    assert (why(key, setting) or "").endswith(told)


def test_a_pipe_is_not_read(key: Key, setting: Setting) -> None:
    """To open one waits for whoever writes to it."""
    os.mkfifo(setting.folder / "pipe")
    assert why(key, setting) == "pipe is new"


def test_a_name_that_is_no_text_is_spelt_out(key: Key, setting: Setting) -> None:
    """The reason gets into JSON and onto a terminal."""
    try:
        (setting.folder / os.fsdecode(b"caf\xe9.sql")).write_text("")
    except OSError:
        pytest.skip("the disk takes no such name")
    assert why(key, setting) == "caf\\xe9.sql is new"


def test_unreadable_files_are_told(key: Key, setting: Setting) -> None:
    """They are dbt's to complain of."""
    file = setting.folder / "models" / "orders.sql"
    file.unlink()
    file.symlink_to("nowhere")
    told = why(key, setting)
    assert told is not None
    assert told.startswith("the project's files cannot be read: ")


def test_the_adapter_below_counts() -> None:
    """The macros of dbt-spark are in each state that dbt-databricks makes."""
    pytest.importorskip("dbt.adapters.databricks")
    assert "dbt-spark" in installed("databricks")


@pytest.mark.parametrize("package", ["dbt-core", "dbt-adapters", "dbt-common", "dbt-duckdb"])
def test_another_version_is_named(key: Key, setting: Setting, package: str) -> None:
    """A state serves exactly the versions that made it."""
    told = why(replace(key, versions={**key.versions, package: "0.0.1"}), setting)
    assert told is not None
    assert package in told
    assert "0.0.1" in told


def test_declared_names_serve_no_others(key: Key, setting: Setting) -> None:
    """A state that was made for one schema alone is not served to another."""
    key = replace(key, names=("other", "analytics"))
    assert "other.other is not other.analytics" in str(why(key, setting))
    assert why(key, replace(setting, schema="analytics")) is None


def test_warnings_as_errors_want_a_parse(key: Key, setting: Setting) -> None:
    """Where dbt warned while parsing, a run that takes warnings for errors parses."""
    warned = replace(key, warnings=(("Deprecated", ("a thing",)),))
    assert why(warned, setting) is None
    assert "Deprecated" in str(why(warned, replace(setting, strict=True)))
    assert why(key, replace(setting, strict=True)) is None


def test_deprecation_date(key: Key, setting: Setting) -> None:
    """From a model's deprecation date on, dbt warns otherwise, so the state has had its time."""
    assert why(replace(key, until="2026-01-02T00:00:00+00:00"), setting) is None
    assert "deprecation" in str(why(replace(key, until="2025-12-31T00:00:00+00:00"), setting))


def test_time_zone(key: Key, setting: Setting) -> None:
    """dbt reads a deprecation date as one of the machine's own zone; only then is it looked at."""
    assert why(replace(key, zone=local_zone()), setting) is None
    told = why(replace(key, zone=("NOWHERE", "NOWHERE")), setting)
    assert "not NOWHERE/NOWHERE" in str(told)


def test_key_comes_back(key: Key) -> None:
    """A key is read as it was written."""
    key = replace(key, names=("a", "b"), warnings=(("Name", ("in ", 1, ".")),), until="2026-01-01")
    key = replace(key, zone=("UTC", "UTC"))
    assert Key.read(key.text()) == key


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 0}', "null", '{"format": 1}'])
def test_no_key(text: str) -> None:
    """Anything else is refused in so many words."""
    with pytest.raises(BadKey):
        Key.read(text)


@pytest.mark.parametrize(
    "line",
    [
        "model-paths: [../shared]",
        "macro-paths: [/opt/macros]",
        "packages-install-path: \"{{ env_var('X') }}\"",
        "seed-paths: [.seeds]",
        "model-paths: [target]",
        "model-paths: [.]",
    ],
)
def test_paths_outside_are_found(project: Path, line: str) -> None:
    """A project that reads from where its files are not looked for is not baked."""
    (project / "dbt_project.yml").write_text(f"name: shop\n{line}\n")
    assert str(files.misplaced(project)).startswith(f"dbt_project.yml: {line.partition(':')[0]}")


def test_paths_of_a_package_outside_are_found(project: Path) -> None:
    """A package, too, may read from where no files of the project are looked for."""
    package = project / "dbt_packages/tools"
    package.mkdir(parents=True)
    (package / "dbt_project.yml").write_text("name: tools\nmodel-paths: [../../../shared]\n")
    told = "dbt_packages/tools/dbt_project.yml: model-paths: ../../../shared lies outside"
    assert str(files.misplaced(project)).startswith(told)
    # where the package says it in Jinja, nobody but dbt knows
    (package / "dbt_project.yml").write_text("name: tools\nmodel-paths: ['{{ x }}']\n")
    told = "dbt_packages/tools/dbt_project.yml: model-paths: {{ x }} is known to dbt alone"
    assert str(files.misplaced(project)).startswith(told)
    # where packages are installed, only the project says
    (package / "dbt_project.yml").write_text("name: tools\npackages-install-path: ../../x\n")
    assert files.misplaced(project) is None


def test_usual_paths_are_inside(project: Path) -> None:
    """Folders of the project are where its files are looked for."""
    text = "name: shop\nmodel-paths: [models, more/models]\npackages-install-path: dbt_packages\n"
    (project / "dbt_project.yml").write_text(text)
    assert files.misplaced(project) is None
