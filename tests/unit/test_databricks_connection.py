"""From a target on Databricks to what dbt is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.errors import SettingsError
from dbt_runner.places import Target
from dbt_runner.warehouse.connection import Address
from dbt_runner.warehouse.databricks import connection

if TYPE_CHECKING:
    from conftest import Load


def place(**changes: Any) -> Target:
    """A target in `main.gold`."""
    values = {"type": "databricks", "catalog": "main", "schema": "gold", **changes}
    return Target.model_validate(values)


@pytest.mark.parametrize(
    ("words", "target", "address"),
    [
        pytest.param([], {"warehouse": "W"}, Address(warehouse="W"), id="the-targets"),
        pytest.param(
            ["--warehouse-id=abc"],
            {"warehouse": "W"},
            Address(warehouse_id="abc"),
            id="the-settings-whichever-way",
        ),
        pytest.param(
            ["--host=https://a.b.net/"],
            {"warehouse": "W", "host": "c.d.net"},
            Address(host="a.b.net", warehouse="W"),
            id="the-settings-host",
        ),
    ],
)
def test_warehouse(load: Load, words: list[str], target: dict[str, Any], address: Address) -> None:
    """A setting names another warehouse or host than the target does."""
    found = connection("shop", load("--target=x", *words).settings, place(**target))
    assert found.address == address


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param([], "warehouse: the target x names none; give one of", id="none"),
        pytest.param(
            ["--warehouse=W", "--warehouse-id=abc"],
            "warehouse and warehouse_id: name the same thing",
            id="two",
        ),
    ],
)
def test_no_clear_warehouse(load: Load, words: list[str], message: str) -> None:
    """None, or two of them, is refused with the way out."""
    with pytest.raises(SettingsError, match=message):
        connection("shop", load("--target=x", *words).settings, place())


def test_profile_holds_references(load: Load) -> None:
    """What is found at run time stands in the profile by reference, the token as a secret."""
    settings = load("--target=x", "--target-schema=mine").settings
    found = connection("shop", settings, place(warehouse_id="abc"))
    assert found.output
    assert (found.output["catalog"], found.output["schema"]) == ("main", "mine")
    assert found.output["token"] == "{{ env_var('DBT_ENV_SECRET_DATABRICKS_TOKEN') }}"  # noqa: S105
    for name in ("host", "http_path", "query_tags"):
        assert found.output[name].startswith("{{ env_var('DBT_DATABRICKS_"), name


def test_safe_defaults(load: Load) -> None:
    """Telemetry is off and a statement has its time limit; the target's own parameters win."""
    parameters = {"_socket_timeout": 5, "_retry_delay_max": 9}
    target = place(warehouse_id="abc", statement_timeout=60, connection_parameters=parameters)
    found = connection("shop", load("--target=x").settings, target)
    assert found.output
    assert found.output["session_properties"] == {"statement_timeout": "60"}
    assert found.output["connection_parameters"] == {
        "_respect_server_retry_after_header": True,
        "enable_telemetry": False,
        "_retry_stop_after_attempts_count": 60,
        **parameters,
    }
