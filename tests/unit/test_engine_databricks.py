"""dbt-databricks takes its headers from a configuration of ours."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from dbt.adapters.databricks.credentials import DatabricksCredentials

from dbt_runner.engine.databricks import Requests, forget_session_headers, hand_over

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADERS = "DBT_DATABRICKS_HTTP_SESSION_HEADERS"


class Config:
    """A configuration whose headers change, with the one attribute that the adapter reads."""

    word = "first"

    def _header_factory(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.word}"}


def adapter() -> Any:
    """What dbt registers, as far as credentials go; they are the adapter's own."""
    profile = {
        "host": "adb-1.2.azuredatabricks.net",
        "http_path": "/sql/1.0/warehouses/abc",
        "database": "main",
        "schema": "analytics",
        "token": "fixed",
    }
    credentials = DatabricksCredentials(**profile)
    return SimpleNamespace(config=SimpleNamespace(credentials=credentials))


@pytest.fixture
def session_headers() -> Iterator[None]:
    """What the adapter keeps for the process is forgotten afterwards."""
    forget_session_headers()
    yield
    forget_session_headers()


def test_each_request_gets_the_token_of_its_time() -> None:
    """The connector's header factory, asked twice, gives the token that was renewed between."""
    made, config = adapter(), Config()
    assert hand_over(made, config) is None
    headers = made.config.credentials.authenticate().credentials_provider()
    assert headers() == {"Authorization": "Bearer first"}
    config.word = "second"
    assert headers() == {"Authorization": "Bearer second"}


def test_adapter_holds_nothing_else_to_log_in_with() -> None:
    """What the adapter gives away as its configuration is the one that was handed over."""
    made, config = adapter(), Config()
    hand_over(made, config)
    assert made.config.credentials.authenticate().config is config


@pytest.mark.parametrize("installed", ["1.11.9", "1.13.0", "1.120.0", "2.0.0"])
def test_unknown_version_is_left_alone(installed: str) -> None:
    """Another version of the adapter keeps the fixed token of the profile, and says why."""
    made = adapter()
    reason = hand_over(made, Config(), installed=installed)
    assert reason == f"dbt-databricks {installed} is not known to take renewed credentials"
    assert made.config.credentials.authenticate()._config is None


def test_adapter_of_another_make_is_left_alone() -> None:
    """An adapter without the expected attribute is a reason, not an error."""
    made = adapter()
    manager = made.config.credentials.authenticate()
    del manager._config
    reason = hand_over(made, Config())
    assert reason
    assert "keeps its credentials elsewhere" in reason
    assert not hasattr(manager, "_config")


def test_adapter_that_ignores_it_is_left_alone() -> None:
    """A manager that keeps a configuration but uses another one is set back as it was."""
    manager = SimpleNamespace(_config="its own", config="another")
    credentials = SimpleNamespace(authenticate=lambda: manager)
    made = SimpleNamespace(config=SimpleNamespace(credentials=credentials))
    reason = hand_over(made, Config())
    assert reason
    assert "does not use the credentials" in reason
    assert manager._config == "its own"


def test_second_run_has_its_own_session_headers(
    session_headers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ids of the first run of a process are not sent with the statements of the second."""
    for run in ("1", "2"):
        monkeypatch.setenv(HEADERS, json.dumps({"X-Run": run}))
        forget_session_headers()
        assert DatabricksCredentials.get_all_http_headers({}) == {"X-Run": run}


def test_a_hanging_request_holds_nobody_up() -> None:
    """The one who asks goes on at once; while a request hangs there is no second one."""
    hanging, begun = threading.Event(), []

    def request() -> None:
        begun.append(threading.current_thread().daemon)
        hanging.wait(10)

    requests = Requests()
    for _ in range(3):
        requests.begin(request)
    assert begun == [True]
    hanging.set()


def test_a_failed_request_is_told_by_the_next() -> None:
    """What a request ended with is raised once, when the next one has begun."""
    requests, begun = Requests(), []

    def request() -> None:
        begun.append(1)
        msg = "not reached"
        raise ConnectionError(msg)

    requests.begin(request)
    requests._thread.join()
    with pytest.raises(ConnectionError, match="not reached"):
        requests.begin(request)
    requests._thread.join()
    assert len(begun) == 2
