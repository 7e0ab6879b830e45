"""Which events are built, and who gets them, when nobody builds them for nothing."""

from __future__ import annotations

import json
import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.engine.patches import events
from dbt_runner.engine.patches.gate import applied
from dbt_runner.engine.translation import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

import_module("dbt.cli.main")
base = import_module("dbt_common.events.base_types")
manager_module = import_module("dbt_common.events.event_manager")
types = import_module("dbt_common.events.types")
core = import_module("dbt.events.types")
logger_module = import_module("dbt_common.events.logger")
tracking = import_module("dbt.tracking")
Level = base.EventLevel


@pytest.fixture
def manager() -> Iterator[Any]:
    """dbt's event manager with the patch in, dbt's own callback, and nobody else."""
    with applied([events.PATCH]) as [verdict]:
        assert verdict.refused is None
        made = manager_module.EventManager()
        made.callbacks = [tracking.track_behavior_change_warn]
        yield made


def listener(taken: list[Any], *names: str) -> Listener:
    """A callback that wants events of some names."""
    return Listener(taken.append, frozenset(names))


def is_built(event: Any) -> bool:
    """Whether the message was made."""
    return "pb_msg" in event.__dict__


def test_nobody(manager: Any) -> None:
    """What nobody takes is not built."""
    event = types.Note(msg="x")
    manager.fire_event(event, level=Level.INFO)
    assert not is_built(event)
    assert event.msg == "x"
    assert is_built(event)


def test_wanted_by_name(manager: Any) -> None:
    """A callback gets what it wants, and reads the fields that dbt gave; nothing is built."""
    taken: list[Any] = []
    manager.callbacks.append(listener(taken, "NodeStart"))
    events = [core.NodeStart(node_info={"unique_id": "model.p.a"}), types.Note(msg="x")]
    for event in events:
        manager.fire_event(event)
    [message] = taken
    assert (message.info.name, message.info.level) == ("NodeStart", "debug")
    assert message.data.node_info.unique_id == "model.p.a"
    assert message.data.node_info.node_name == ""
    assert [is_built(event) for event in events] == [False, False]


def test_a_callback_that_says_nothing(manager: Any) -> None:
    """A callback that does not say what it wants gets all, as messages of dbt."""
    taken: list[Any] = []
    manager.callbacks += [taken.append, listener(taken, "Note")]
    manager.fire_event(types.Note(msg="x"), level=Level.DEBUG)
    assert [message.info.msg for message in taken] == ["x", "x"]


@pytest.mark.parametrize(
    ("written", "level"), [(False, Level.DEBUG), (True, Level.INFO), (True, Level.WARN)]
)
def test_level_of_a_logger(manager: Any, written: bool, level: Any) -> None:
    """A logger gets what is at its level."""
    lines: list[logging.LogRecord] = []
    python_logger = logging.getLogger("patched_events")
    python_logger.setLevel(logging.INFO)
    python_logger.propagate = False
    python_logger.handlers.clear()
    handler = logging.Handler()
    handler.emit = lines.append  # type: ignore[method-assign]
    python_logger.addHandler(handler)
    config = logger_module.LoggerConfig("test", level=Level.INFO, logger=python_logger)
    manager.add_logger(config)
    event = types.Note(msg="x")
    manager.fire_event(event, level=level)
    assert (len(lines) == 1, is_built(event)) == (written, written)


@pytest.mark.parametrize("event", ["PrintEvent", "BehaviorChangeEvent"])
def test_always_taken(manager: Any, event: str) -> None:
    """What is printed, and what dbt's own callback takes, is built at any level."""
    fired = getattr(types, event)()
    manager.fire_event(fired, level=Level.INFO)
    assert is_built(fired)


def test_warnings_are_errors(manager: Any) -> None:
    """`warn_error` holds for a warning and for what is fired as one, wanted or not."""
    manager.warn_error = True
    with pytest.raises(manager_module.EventCompilationError, match="x"):
        manager.fire_event(types.Note(msg="x"), force_warn_or_error_handling=True)
    manager.require_warn_or_error_handling = True
    with pytest.raises(manager_module.EventCompilationError, match="x"):
        manager.fire_event(types.Note(msg="x"), level=Level.WARN)


def test_deferred(manager: Any) -> None:
    """An event that is fired later tells what was so when it was made."""
    taken: list[Any] = []
    manager.callbacks.append(taken.append)
    manager.allow_deferral = True
    told = {"unique_id": "before"}
    manager.fire_or_defer_event(core.NodeStart(node_info=told))
    told["unique_id"] = "after"
    manager.fire_deferred_events()
    assert taken[0].data.node_info.unique_id == "before"


def test_same_message() -> None:
    """The message is what dbt makes of the event, but for the time."""
    event = core.NodeStart(node_info={"unique_id": "model.p.a", "node_name": "a"})
    plain = import_module("google.protobuf.json_format").MessageToJson
    want = json.loads(plain(base.msg_from_base_event(event)))
    found = json.loads(plain(events._message(event)))
    assert len(found["info"].pop("ts")) >= len("2020-01-01T00:00:00Z")
    del want["info"]["ts"]
    assert found == want
