"""What a target of `runner.yml` may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dbt_runner.identifiers import host_name, http_path
from dbt_runner.places import Target

DATABRICKS = {"type": "databricks", "catalog": "main", "schema": "gold"}
DUCKDB = {"type": "duckdb"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({**DUCKDB, "host": "a.b.net"}, "host is only for", id="host-on-duckdb"),
        pytest.param({**DATABRICKS, "samples": True}, "samples is only for", id="samples"),
        pytest.param({"type": "databricks"}, "needs a catalog and a schema", id="no-place"),
        pytest.param(
            {**DATABRICKS, "warehouse": "W", "warehouse_id": "abc"}, "give one of", id="two"
        ),
        pytest.param(
            {**DATABRICKS, "connection_parameters": {"access_token": "x"}},
            "access_token is set by the run itself",
            id="reserved",
        ),
        pytest.param(
            {**DATABRICKS, "connection_parameters": {"use_kernel": True}},
            "use_kernel is set by the run itself",
            id="another-protocol",
        ),
        pytest.param(
            {**DATABRICKS, "connection_parameters": {"http_headers": {"password": "canary"}}},
            "http_headers looks like a secret",
            id="nested-secret",
        ),
        pytest.param(
            {**DATABRICKS, "connection_parameters": {"password": "plain{{"}},
            "password looks like a secret",
            id="half-a-reference",
        ),
        pytest.param(
            {
                **DATABRICKS,
                "connection_parameters": {"a": f"dapi{'0' * 32} {{{{ env_var('X') }}}}"},
            },
            "a looks like a secret",
            id="beside-a-reference",
        ),
        pytest.param({**DATABRICKS, "statement_timeout": 0}, "greater than", id="no-time"),
        pytest.param({**DATABRICKS, "http_path": "/sql/2.0/x"}, "must be /sql/1.0", id="path"),
    ],
)
def test_refused_target(values: dict[str, Any], message: str) -> None:
    """What makes no sense, belongs to the run itself or looks like a secret is refused."""
    with pytest.raises(ValidationError, match=message):
        Target.model_validate(values)


def test_secret_may_be_referred_to() -> None:
    """A reference to a variable that dbt hides is no secret itself."""
    headers = {"password": "{{ env_var('DBT_ENV_SECRET_PROXY') }}"}
    values = {**DATABRICKS, "connection_parameters": {"http_headers": headers}}
    assert Target.model_validate(values).connection_parameters == {"http_headers": headers}


@pytest.mark.parametrize(
    ("given", "bare"),
    [
        pytest.param(
            "https://ADB-1.2.azuredatabricks.net/", "adb-1.2.azuredatabricks.net", id="url"
        ),
        pytest.param("a.cloud.databricks.com", "a.cloud.databricks.com", id="bare"),
        pytest.param("http://127.0.0.1:8080", "127.0.0.1:8080", id="plain-loopback"),
    ],
)
def test_host(given: str, bare: str) -> None:
    """A host is taken with or without its scheme."""
    assert host_name(given) == bare


@pytest.mark.parametrize(
    "given",
    ["http://a.b.net", "https://user@a.b.net", "a.b.net/path", "ftp://a.b.net", "", "a b.net"],
)
def test_refused_host(given: str) -> None:
    """Plain HTTP to another machine, a user or a path is no workspace's host."""
    with pytest.raises(ValueError, match="must be a workspace's host"):
        host_name(given)


def test_http_path() -> None:
    """The slashes around a path are no matter."""
    assert http_path("sql/1.0/warehouses/abc/") == "/sql/1.0/warehouses/abc"
