"""A request in three forms that do the same: JSON, curl, and the Databricks CLI."""

from __future__ import annotations

import json
import shlex

from dbt_runner.jobs.trigger.request import Request


def as_json(request: Request) -> str:
    """The request's body, in ASCII, for any shell and locale."""
    return json.dumps(request.body(), indent=2)


def as_curl(request: Request) -> str:
    """A command line for curl; the login is in `$DATABRICKS_TOKEN`, never in the line."""
    words = [
        "curl --fail-with-body --silent --show-error --request POST",
        f"--header 'Content-Type: application/json' {shlex.quote(request.url)}",
        '--header "Authorization: Bearer $DATABRICKS_TOKEN"',
        f"--data {_quoted_body(request)}",
    ]
    return " \\\n  ".join(words)


def as_cli(request: Request, *, wait: bool, timeout: int | None) -> str:
    """A command line for the Databricks CLI, logged in as its user is.

    Args:
        wait: until the end of the run, which the CLI tells as its result.
        timeout: seconds to wait; the CLI's own 20 minutes without it.
    """
    words = ["databricks jobs run-now", f"--json {_quoted_body(request)}"]
    if not wait:
        words.append("--no-wait")
    elif timeout:
        words.append(f"--timeout {timeout}s")
    return " ".join(words)


def _quoted_body(request: Request) -> str:
    return shlex.quote(json.dumps(request.body()))
