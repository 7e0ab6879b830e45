"""A request in three forms that do the same: JSON, curl, and the Databricks CLI."""

from __future__ import annotations

import json
import shlex

from dbt_runner.jobs.trigger.request import Request

_LARGEST_EXACT = 2**53
"""Above it the CLI (0.298) rounds numbers in `--json`; it takes texts as well."""


def as_json(request: Request) -> str:
    """The request's body, in ASCII, for any shell and locale."""
    return json.dumps(request.body(), indent=2)


def as_curl(request: Request) -> str:
    """A command line of a POSIX shell for curl.

    The login is in `$DATABRICKS_TOKEN`, never in the line; nor is it a word of curl's, which others
    on the machine could read: `printf` is a part of the shell.
    """
    login = """printf 'header = "Authorization: Bearer %s"\\n' "$DATABRICKS_TOKEN" |"""
    words = [
        "curl --config - --fail-with-body --silent --show-error --request POST",
        f"--header 'Content-Type: application/json' {shlex.quote(request.url)}",
        f"--data {shlex.quote(json.dumps(request.body()))}",
    ]
    return "\n  ".join([login, " \\\n  ".join(words)])


def as_cli(request: Request, *, wait: bool, timeout: int | None) -> str:
    """A command line for the Databricks CLI, logged in to the request's workspace as its user is.

    Args:
        wait: until the end of the run, which the CLI tells as its result.
        timeout: seconds to wait; the CLI's own 20 minutes without it.
    """
    body = request.body()
    if request.job_id > _LARGEST_EXACT:
        body["job_id"] = str(request.job_id)
    words = [
        f"DATABRICKS_HOST={shlex.quote(request.host)} databricks jobs run-now",
        f"--json {shlex.quote(json.dumps(body))}",
    ]
    if not wait:
        words.append("--no-wait")
    elif timeout:
        words.append(f"--timeout {timeout}s")
    return " ".join(words)
