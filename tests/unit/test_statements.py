"""Which statements may be sent again."""

from __future__ import annotations

import pytest

from dbt_runner.warehouse.statements import (
    _fail_if_cancelled,
    adds_rows,
    take_over,
    thrift_http_client,
    ttypes,
)


@pytest.mark.parametrize(
    ("sql", "adds"),
    [
        pytest.param("insert into `a`.`b` select 1", True, id="insert"),
        pytest.param('/* {"app": "dbt"} */\n\n  INSERT INTO t VALUES (1)', True, id="comment"),
        pytest.param("-- why\ninsert into t select 1", True, id="line-comment"),
        pytest.param(
            "merge into t using s on false when not matched then insert *", True, id="keyless"
        ),
        pytest.param("merge into t using s on (FALSE) when not matched", True, id="parentheses"),
        pytest.param("merge into t using s on t.id = s.id when matched", False, id="keyed"),
        pytest.param("insert into t replace where d = 1 select 1", False, id="replace-where"),
        pytest.param("insert into t as x replace using (d) select 1", False, id="replace-using"),
        pytest.param("insert overwrite t select 1", False, id="overwrite"),
        pytest.param("create or replace table t as select 1", False, id="create"),
        pytest.param("select 'insert into t'", False, id="quoted"),
        pytest.param("", False, id="empty"),
    ],
)
def test_statements_that_add_rows(sql: str, *, adds: bool) -> None:
    """Executed twice, these leave their rows twice."""
    assert adds_rows(sql) is adds


def test_unknown_connector_is_left_alone() -> None:
    """Another connector than the one that this was proven with keeps its own policy, and why."""
    before = thrift_http_client.DatabricksRetryPolicy
    assert "9.9.9" in (take_over(installed="9.9.9") or "")
    assert thrift_http_client.DatabricksRetryPolicy is before


@pytest.mark.parametrize(
    ("state", "said", "message"),
    [
        pytest.param("CANCELED_STATE", None, "[OPERATION_CANCELED] the statement", id="cancelled"),
        pytest.param(
            "CANCELED_STATE", "by an admin", ": by an admin", id="cancelled-with-a-reason"
        ),
        pytest.param("TIMEDOUT_STATE", None, "[QUERY_EXECUTION_TIMEOUT_", id="timed-out"),
    ],
)
def test_statement_that_was_ended_has_failed(state: str, said: str | None, message: str) -> None:
    """An end by somebody else is an error, with what the server says of it."""
    states = ttypes.TOperationState
    status = ttypes.TGetOperationStatusResp(
        operationState=getattr(states, state), displayMessage=said
    )
    _fail_if_cancelled(status)
    assert status.operationState == states.ERROR_STATE
    assert message in status.displayMessage


@pytest.mark.parametrize("state", ["RUNNING_STATE", "FINISHED_STATE", "ERROR_STATE"])
def test_other_states_are_left_alone(state: str) -> None:
    """What runs, is done or has failed stays as it is."""
    status = ttypes.TGetOperationStatusResp(operationState=getattr(ttypes.TOperationState, state))
    _fail_if_cancelled(status)
    assert status.operationState == getattr(ttypes.TOperationState, state)
    assert status.displayMessage is None
