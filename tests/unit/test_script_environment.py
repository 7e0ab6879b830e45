"""What a script is handed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dbt_runner.execution.assignment import Assignment, assign
from dbt_runner.policy import Policy
from dbt_runner.project import Project
from dbt_runner.settings import load
from dbt_runner.shell.environment import environment
from dbt_runner.warehouse.connection import Login

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPT = Path("/Workspace/jobs/task.sh")
TOKEN = "s3cret-canary"  # noqa: S105
ON_DATABRICKS = {
    "DBT_DATABRICKS_HOST": "x.example.com",
    "DBT_DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/1",
    "DBT_ENV_SECRET_DATABRICKS_TOKEN": TOKEN,
}


def assignment(target: str, **given: str) -> Assignment:
    """What a task with these settings is to do."""
    place = {"type": "databricks", "catalog": "main", "schema": "s", "warehouse_id": "1"}
    policy = Policy.model_validate({"targets": {"local": {"type": "duckdb"}, "prod": place}})
    chosen = load({"target": target, **given}, {}, policy, in_job=False, warn=print)
    return assign(chosen, policy, Project(Path("/project"), "shop", "shop", packaged=True))


def hand(
    folder: Path, target: str, login: Login, inherited: Mapping[str, str], **given: str
) -> dict[str, str]:
    """The variables of a script."""
    return environment(inherited, given, assignment(target, **given), login, SCRIPT, folder)


def test_login_is_handed_on_in_every_form(tmp_path: Path) -> None:
    """One token for dbt, for the SDK and for a run in the script; other logins are out of sight."""
    login = Login(ON_DATABRICKS, hidden=frozenset({"DATABRICKS_CLIENT_SECRET"}))
    inherited = {"DATABRICKS_CLIENT_SECRET": "x", "DATABRICKS_AUTH_TYPE": "oauth-m2m", "A": "b"}
    found = hand(tmp_path, "prod", login, inherited, target_schema="mart")
    assert found.items() >= ON_DATABRICKS.items()
    assert (found["DBT_HOST"], found["DBT_ACCESS_TOKEN"]) == ("x.example.com", TOKEN)
    assert found["DATABRICKS_HOST"] == "https://x.example.com"
    assert (found["DATABRICKS_TOKEN"], found["DATABRICKS_AUTH_TYPE"]) == (TOKEN, "pat")
    assert "DATABRICKS_CLIENT_SECRET" not in found
    assert (found["A"], found["DBT_RUNNER_TARGET_SCHEMA"]) == ("b", "mart")


def test_profile_holds_no_secret(tmp_path: Path) -> None:
    """The profile is for the target, with the threads asked for, and refers to its secrets."""
    found = hand(tmp_path, "prod", Login(ON_DATABRICKS), {}, threads="3")
    text = Path(found["DBT_PROFILES_DIR"], "profiles.yml").read_text()
    assert TOKEN not in text
    content: dict[str, Any] = yaml.safe_load(text)["shop"]
    assert content["target"] == found["DBT_TARGET"] == "prod"
    assert content["outputs"]["prod"]["threads"] == 3
    assert "DBT_ENV_SECRET_DATABRICKS_TOKEN" in content["outputs"]["prod"]["token"]


def test_local_target_needs_no_login(tmp_path: Path) -> None:
    """Away from Databricks nothing of it is set, and what is there stays."""
    found = hand(tmp_path, "local", Login(), {"DATABRICKS_TOKEN": "own"})
    assert found["DATABRICKS_TOKEN"] == "own"  # noqa: S105
    assert not {"DBT_HOST", "DBT_ACCESS_TOKEN", "DATABRICKS_AUTH_TYPE"} & found.keys()


@pytest.mark.parametrize("path", [None, "/usr/bin:/bin"])
def test_programs_of_the_wheel_come_first(tmp_path: Path, path: str | None) -> None:
    """`python`, `dbt` and `dbt-runner` run by the interpreter of the task, which comes next."""
    found = hand(tmp_path, "local", Login(), {"PATH": path} if path else {})
    own, first, rest = found["PATH"].split(":", 2)
    programs = {file.name for file in Path(own).iterdir()}
    assert programs == {"python", "python3", "dbt", "dbt-runner"}
    assert all(sys.executable in file.read_text() for file in Path(own).iterdir())
    assert first == str(Path(sys.executable).parent)
    assert rest == (path or "/bin:/usr/bin")


def test_folder_of_the_script_is_told(tmp_path: Path) -> None:
    """What runs is a copy, so the place of the original has a variable."""
    found = hand(tmp_path, "local", Login(), {})
    assert found["RUNNER_SCRIPT_DIR"] == "/Workspace/jobs"


def test_names_for_plain_dbt_are_listed(tmp_path: Path) -> None:
    """A run in the script is told which flags of dbt are not somebody's mistake."""
    found = hand(tmp_path, "local", Login(), {"DBT_FULL_REFRESH": "1"})
    listed = set(found["RUNNER_HANDED_VARIABLES"].split(","))
    assert {"DBT_PROJECT_DIR", "DBT_PROFILES_DIR", "DBT_TARGET_PATH", "DBT_LOG_PATH"} <= listed
    assert "DBT_FULL_REFRESH" not in listed
