"""What a run tells of queries that cannot be cancelled."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dbt_runner.execution.run import Run


@pytest.mark.parametrize(("times", "told"), [(1, 0), (2, 1), (5, 1)])
def test_cancel_that_fails(times: int, told: int) -> None:
    """Once it may be a query that was just about to end; from then on it is told, and once."""
    notices: list[dict[str, Any]] = []

    def cancel() -> None:
        msg = "Connection already closed"
        raise RuntimeError(msg)

    run = SimpleNamespace(
        _work=SimpleNamespace(engine=SimpleNamespace(cancel=cancel)),
        _secrets=frozenset,
        _not_cancelled=Counter(),
        _reporter=SimpleNamespace(notice=lambda event, **facts: notices.append({event: facts})),
    )
    for _ in range(times):
        Run._cancel_queries(cast("Run", run))
    expected = {"query.not_cancelled": {"level": "warning", "error": "Connection already closed"}}
    assert notices == [expected] * told
