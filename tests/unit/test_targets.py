"""From the target's name to a connection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.errors import SettingsError
from dbt_runner.policy import Policy
from dbt_runner.project import Project
from dbt_runner.warehouse.duckdb import is_busy
from dbt_runner.warehouse.targets import connect

if TYPE_CHECKING:
    from conftest import Load

PROJECT = Project(Path("/p"), "shop", "shop", packaged=False)
TWO = {
    "dev": {"type": "duckdb", "schema": "sandbox"},
    "prod": {"type": "duckdb", "catalog": "lake", "schema": "gold"},
}


@pytest.mark.parametrize(
    ("words", "targets", "place"),
    [
        pytest.param([], {}, ("local", "local", "analytics"), id="default"),
        pytest.param(["--target=dev"], TWO, ("dev", "dev", "sandbox"), id="the-files-schema"),
        pytest.param(["--target=prod"], TWO, ("prod", "lake", "gold"), id="the-files-catalog"),
        pytest.param(
            ["--target=prod", "--catalog=My-Lake", "--target-schema=Mine"],
            TWO,
            ("prod", "my-lake", "mine"),
            id="settings-win-and-fold",
        ),
    ],
)
def test_target_becomes_a_database_file(
    load: Load, words: list[str], targets: dict[str, Any], place: tuple[str, str, str]
) -> None:
    """A DuckDB target is a file beside the artifacts, named like its catalog."""
    found = connect(
        load("--artifacts=/a", *words).settings,
        Policy.model_validate({"targets": targets}),
        PROJECT,
    )
    assert (found.target, found.catalog, found.target_schema) == place
    assert found.output
    assert found.output["path"] == f"/a/{place[1]}.duckdb"
    assert found.output["config_options"] == {"autoinstall_known_extensions": False}


@pytest.mark.parametrize(
    ("words", "targets", "message"),
    [
        pytest.param(["--target=deev"], TWO, "target: 'deev' .* did you mean dev", id="near"),
        pytest.param(["--target=x"], TWO, "target: 'x' .* there is dev, prod", id="far"),
        pytest.param([], TWO, "target: 'local' .* there is dev, prod", id="default-is-not-there"),
        pytest.param(["--target=x"], {}, "target: 'x' .* there is local", id="without-targets"),
        pytest.param(["--catalog=Main"], {}, "catalog: 'main' is a name of DuckDB", id="main"),
        pytest.param(["--catalog=temp"], {}, "catalog: 'temp' is a name of DuckDB", id="temp"),
        pytest.param(["--catalog=system"], {}, "catalog: 'system' is a name", id="system"),
    ],
)
def test_target_that_cannot_be(
    load: Load, words: list[str], targets: dict[str, Any], message: str
) -> None:
    """An unknown target is answered with the known ones; DuckDB keeps some catalogs for itself."""
    with pytest.raises(SettingsError, match=f"^{message}"):
        connect(load(*words).settings, Policy.model_validate({"targets": targets}), PROJECT)


def test_catalog_of_the_samples_is_refused(load: Load) -> None:
    """DuckDB cannot tell a catalog from a schema of its name, so the samples' name is taken."""
    targets = {"local": {"type": "duckdb", "samples": True}}
    policy = Policy.model_validate({"targets": targets})
    with pytest.raises(SettingsError, match=r"^catalog: 'tpch' "):
        connect(load("--catalog=tpch").settings, policy, PROJECT)
    plain = Policy.model_validate({"targets": {"local": {"type": "duckdb"}}})
    assert connect(load("--catalog=tpch").settings, plain, PROJECT).catalog == "tpch"


@pytest.mark.parametrize("folder", ["/a#b", "/a?b", "/a#b/c", "/a/?"])
def test_artifacts_that_are_an_address_to_duckdb(load: Load, folder: str) -> None:
    """A path with # or ? would name another file to DuckDB, so it is refused."""
    with pytest.raises(SettingsError, match=r"^artifacts: ") as caught:
        connect(load(f"--artifacts={folder}").settings, Policy(), PROJECT)
    assert str(caught.value).isprintable()


def test_busy_file_is_known_by_duckdbs_words() -> None:
    """DuckDB has no error class for a file that another process holds."""
    assert is_busy('IO Error: Could not set lock on file "x": Conflicting lock is held in PID 5')
    assert not is_busy("IO Error: disk full")
