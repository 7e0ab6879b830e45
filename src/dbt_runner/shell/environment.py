"""The environment that a script sees."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dbt_runner.engine.environment import HANDED
from dbt_runner.execution.assignment import Assignment
from dbt_runner.settings import ENV_PREFIX
from dbt_runner.shell import programs
from dbt_runner.warehouse import databricks
from dbt_runner.warehouse.connection import Login

TARGET_FOLDER = "target"
# no name that begins as a setting's does
SCRIPT_FOLDER = "RUNNER_SCRIPT_DIR"
"""Names the folder of the original of the script that runs, which is a copy."""


def environment(
    inherited: Mapping[str, str],
    given: Mapping[str, str],
    assignment: Assignment,
    login: Login,
    script: Path,
    folder: Path,
) -> dict[str, str]:
    """Make the variables by which dbt-runner, dbt and the Databricks SDK do what the task is told.

    No child process has the login of a Databricks runtime, so it is handed the token.

    Args:
        given: settings of the command line, name → text; each becomes `DBT_RUNNER_<NAME>`.
        script: where it was found.
        folder: private; profile and programs are written into it.
    """
    found = {name: text for name, text in inherited.items() if name not in login.hidden}
    found |= _interpreter(inherited, folder)
    found[SCRIPT_FOLDER] = str(script.parent)
    found |= {f"{ENV_PREFIX}{name.upper()}": text for name, text in given.items()}
    found |= login.environment
    plain = {**_dbt(assignment, folder), **_databricks(login)}
    return {**found, **plain, HANDED: ",".join(plain)}


def _dbt(assignment: Assignment, folder: Path) -> dict[str, str]:
    """What a plain `dbt` reads; nothing is written into the project."""
    connection = assignment.connection
    if connection.output is not None:
        # plain dbt has no variable for it
        output = {**connection.output, "threads": assignment.settings.threads}
        connection = replace(connection, output=output)
    temporary = folder / "tmp"
    temporary.mkdir()
    return {
        "DBT_PROJECT_DIR": str(assignment.project.folder),
        "DBT_PROFILES_DIR": str(connection.write_profile(folder / "profiles")),
        "DBT_TARGET": connection.target,
        "DBT_TARGET_PATH": str(folder / TARGET_FOLDER),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        # nobody sees the output at a terminal
        "DBT_USE_COLORS": "false",
        "TMPDIR": str(temporary),
    }


def _databricks(login: Login) -> dict[str, str]:
    token = login.environment.get(databricks.TOKEN)
    if token is None:
        return {}
    host = login.environment[databricks.HOST]
    return {
        # as in a dbt task of Databricks
        "DBT_HOST": host,
        "DBT_ACCESS_TOKEN": token,
        "DATABRICKS_HOST": f"https://{host}",
        "DATABRICKS_TOKEN": token,
        # the SDK else refuses to choose among several
        "DATABRICKS_AUTH_TYPE": "pat",
    }


def _interpreter(inherited: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Have `python`, `dbt` and `dbt-runner` be those of this process."""
    # from the second, bash takes them where it may run nothing that lies in a temporary folder
    first = [str(programs.write(folder)), str(Path(sys.executable).parent)]
    found = {"PATH": os.pathsep.join([*first, inherited.get("PATH", os.defpath)])}
    home = str(Path(__file__).parents[2])
    if home not in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        # a cluster's library lies where only the driver's own path leads
        paths = [inherited.get("PYTHONPATH", ""), home]
        found["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return found
