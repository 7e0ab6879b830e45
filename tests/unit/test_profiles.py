"""A profiles.yml that the user brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dbt_runner.errors import ProjectError
from dbt_runner.warehouse import profiles

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "s3cret-canary"


def write(folder: Path, text: str) -> Path:
    """A folder with this profiles.yml."""
    (folder / "profiles.yml").write_text(text, encoding="utf-8")
    return folder


def profile(folder: Path, output: dict[str, Any], **more: Any) -> Path:
    """A folder with the profile `p`, whose target `dev` is this."""
    content = {"p": {"target": "dev", "outputs": {"dev": output}, **more}}
    return write(folder, yaml.safe_dump(content))


def test_profile_is_used_as_it_is(tmp_path: Path) -> None:
    """Without another schema, dbt reads the user's own file, from its own place."""
    folder = profile(tmp_path, {"type": "duckdb", "path": "/x/shop.duckdb", "schema": "main"})
    found = profiles.connection(folder, "p", None, None)
    assert (found.target, found.catalog, found.target_schema) == ("dev", "shop", "main")
    assert (found.profiles_dir, found.output) == (folder, None)
    assert found.write_profile(tmp_path / "private") == folder
    assert not (tmp_path / "private").exists()


def test_another_schema_goes_into_a_private_copy(tmp_path: Path) -> None:
    """With another schema, the target is written anew; secrets reach dbt by the environment."""
    output = {
        "type": "databricks",
        "catalog": "main",
        "schema": "old",
        "token": CANARY,
        "client_secret": "{{ env_var('SECRET') }}",
        "threads": 4,
        "auth": {"password": CANARY, "user": "me"},
        "secrets": [{"type": "s3", "secret": CANARY}, "plain"],
    }
    found = profiles.connection(profile(tmp_path, output), "p", "dev", "mine")
    folder = found.write_profile(tmp_path / "private")
    text = (folder / "profiles.yml").read_text()
    assert CANARY not in text
    written = yaml.safe_load(text)["p"]["outputs"]["dev"]
    assert written["schema"] == "mine"
    assert written["token"] == "{{ env_var('DBT_ENV_SECRET_TOKEN') }}"  # noqa: S105
    assert written["client_secret"] == "{{ env_var('SECRET') }}"  # noqa: S105
    assert written["threads"] == 4
    assert written["auth"]["user"] == "me"
    assert written["secrets"][0]["type"] == "s3"
    assert found.environment.keys() == {
        "DBT_ENV_SECRET_TOKEN",
        "DBT_ENV_SECRET_AUTH_PASSWORD",
        "DBT_ENV_SECRET_SECRETS_0_SECRET",
        "DBT_ENV_SECRET_SECRETS_1",
    }
    assert found.environment["DBT_ENV_SECRET_AUTH_PASSWORD"] == CANARY
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("output", "catalog"),
    [
        pytest.param({"catalog": "c", "database": "d"}, "c", id="catalog"),
        pytest.param({"database": "d"}, "d", id="database"),
        pytest.param({"path": "/a/b.duckdb"}, "b", id="file"),
        pytest.param({"catalog": "{{ env_var('C') }}"}, None, id="only-dbt-can-tell"),
        pytest.param({"path": "{{ env_var('C') }}"}, None, id="path-that-only-dbt-can-tell"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_catalog_is_told_where_it_can_be_read(
    tmp_path: Path, output: dict[str, str], catalog: str | None
) -> None:
    """Jinja is never rendered here, so a catalog that needs it is unknown until dbt runs."""
    assert profiles.connection(profile(tmp_path, output), "p", None, None).catalog == catalog


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        pytest.param(f"p: [{CANARY}", None, "cannot be read as YAML", id="malformed"),
        pytest.param(f"p: !x {CANARY}", None, "cannot be read as YAML", id="unknown-tag"),
        pytest.param(f"p: 2024-13-01 # {CANARY}", None, "cannot be read as YAML", id="date"),
        pytest.param(f"q: {CANARY}", None, "has no profile p with outputs", id="other-profile"),
        pytest.param(f"p: {CANARY}", None, "has no profile p with outputs", id="profile-is-a-text"),
        pytest.param("p: {outputs: [a]}", None, "has no profile p with outputs", id="a-list"),
        pytest.param("p: {outputs: {a: 1}}", None, "has no profile p with outputs", id="a-number"),
        pytest.param("", None, "has no profile p with outputs", id="empty"),
        pytest.param(
            f"p: {{outputs: {{a: {{token: {CANARY}}}}}}}",
            "b",
            "'b' is no target",
            id="other-target",
        ),
        pytest.param("p: {target: [x], outputs: {a: {}}}", None, "is no target", id="odd-target"),
    ],
)
def test_error_never_shows_what_the_file_holds(
    tmp_path: Path, text: str, target: str | None, message: str
) -> None:
    """A profile that cannot be used is named in one line without its content."""
    with pytest.raises(ProjectError, match=message) as caught:
        profiles.connection(write(tmp_path, text), "p", target, "mine")
    assert CANARY not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_missing_file(tmp_path: Path) -> None:
    """A folder without a profiles.yml is a fault of the setting."""
    with pytest.raises(ProjectError, match=r"^profiles_dir: .* holds no profiles\.yml$"):
        profiles.connection(tmp_path, "p", None, None)
