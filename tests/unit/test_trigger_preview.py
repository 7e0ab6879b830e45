"""A request shown in three forms, each read back."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from dbt_runner.jobs.trigger import preview
from dbt_runner.jobs.trigger.request import Request

REQUESTS = [
    pytest.param({}, id="minimal"),
    pytest.param(
        {"job_parameters": {"run_type": "full", "target_schema": "finance"}}, id="job-parameters"
    ),
    pytest.param({"notebook_params": {"env": 'it\'s $HOME `id` "x" \\ é\n'}}, id="shell-signs"),
    pytest.param({"python_named_params": {"vars": '{"a": "b c"}'}}, id="json-in-json"),
    pytest.param({"python_params": ["--env", "prod", "@file"]}, id="words"),
    pytest.param({"jar_params": ["com.acme.Main"]}, id="jar"),
    pytest.param({"spark_submit_params": ["--class", "com.acme.Main"]}, id="submit"),
]


def made(parameters: dict[str, Any]) -> Request:
    """A request for a workspace."""
    return Request("https://acme.cloud.databricks.com", 12, parameters, "daily")


@pytest.mark.parametrize("parameters", REQUESTS)
def test_three_forms_say_the_same(parameters: dict[str, Any]) -> None:
    """The body read back from JSON, from curl's words and from the CLI's is the same."""
    request = made(parameters)
    assert json.loads(preview.as_json(request)) == request.body()
    words = shlex.split(preview.as_curl(request))
    curl = words[words.index("|") + 1 :]
    assert curl[0] == "curl"
    assert curl[curl.index("--request") + 1] == "POST"
    assert "https://acme.cloud.databricks.com/api/2.2/jobs/run-now" in curl
    assert json.loads(curl[curl.index("--data") + 1]) == request.body()
    cli = shlex.split(preview.as_cli(request, wait=True, timeout=None))
    assert cli[:4] == [
        "DATABRICKS_HOST=https://acme.cloud.databricks.com",
        *("databricks", "jobs", "run-now"),
    ]
    assert json.loads(cli[cli.index("--json") + 1]) == request.body()


def test_login_is_named_and_not_shown() -> None:
    """curl gets the token from the environment through a pipe; the CLI logs in by itself."""
    request = made({})
    login, pipe, curl = preview.as_curl(request).partition("|")
    assert login.startswith("printf ")
    assert '"$DATABRICKS_TOKEN"' in login
    assert "TOKEN" not in curl
    assert "--config -" in curl
    assert pipe
    assert "TOKEN" not in preview.as_cli(request, wait=True, timeout=None)


@pytest.mark.parametrize(
    ("job_id", "shown"), [(2**53, 2**53), (2**53 + 1, str(2**53 + 1)), (2**63 - 1, str(2**63 - 1))]
)
def test_id_that_the_cli_would_round_is_a_text(job_id: int, shown: int | str) -> None:
    """Else another job might start; the API itself and curl are told the number."""
    request = Request("https://h", job_id, {}, "daily")
    cli = shlex.split(preview.as_cli(request, wait=True, timeout=None))
    assert json.loads(cli[cli.index("--json") + 1]) == {**request.body(), "job_id": shown}
    assert f'"job_id": {job_id},' in preview.as_curl(request)


@pytest.mark.parametrize(
    ("wait", "timeout", "ends"),
    [(False, None, "--no-wait"), (True, 600, "--timeout 600s"), (True, None, "'")],
)
def test_cli_waits_as_we_do(wait: bool, timeout: int | None, ends: str) -> None:
    """Its own flags for it."""
    assert preview.as_cli(made({}), wait=wait, timeout=timeout).endswith(ends)
