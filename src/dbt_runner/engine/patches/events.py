"""Events that nobody takes are not built.

dbt-common 1.38 builds two protobuf messages for each event, and formats its text, before it asks
its loggers and callbacks (`events/base_types.py`, `events/event_manager.py`). Nearly all are debug
events: with the log at `info`, one in twenty is taken. Here a message is built when it is first
looked at, and an event below the level of each logger is dropped if no callback wants it. What
warns or fails is fired as ever.

One thing is lost: that the fields of an event do not fit its message is not told if it is dropped.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from dbt_runner.engine.patches.patch import Patch

_MANAGER = "dbt_common.events.event_manager:EventManager"
_FIRE = f"{_MANAGER}.fire_event"
_DEFER = f"{_MANAGER}.fire_or_defer_event"
_BASE = "dbt_common.events.base_types:BaseEvent"
_INIT = f"{_BASE}.__init__"
_MESSAGE = f"{_BASE}.pb_msg"

_BEHAVIOUR = "BehaviorChangeEvent"
"""The one event that dbt's own callback takes (`track_behavior_change_warn` of dbt/tracking.py)."""


class _Message:
    """An event's `pb_msg` until it is built; an instance's own attribute then goes before it."""

    def __init__(self, build: Callable[..., None]) -> None:
        self._build = build

    def __get__(self, event: Any, owner: type) -> Any:
        if event is None:
            return self
        arguments, keywords = event.__dict__.pop("_given")
        self._build(event, *arguments, **keywords)
        return event.__dict__["pb_msg"]


class _Wanted:
    """Whether anybody takes an event."""

    def __init__(self) -> None:
        logger = sys.modules["dbt_common.events.logger"]
        # what is written as an error, whatever its level
        self._always = frozenset(logger.PRINT_EVENT_NAMES)
        self._levels = logger._log_level_map  # noqa: SLF001 - proven with this text
        self._own = sys.modules["dbt.tracking"].track_behavior_change_warn

    def __call__(self, manager: Any, event: Any, level: Any) -> bool:
        name = type(event).__name__
        number = self._levels[level or event.level_tag()]
        return (
            number > logging.INFO
            or name in self._always
            or any(self._writes(logger, number) for logger in manager.loggers)
            or any(self._takes(callback, name) for callback in manager.callbacks)
        )

    def _writes(self, logger: Any, number: int) -> bool:
        writer = logger._python_logger  # noqa: SLF001
        return writer is None or writer.isEnabledFor(number)

    def _takes(self, callback: Any, name: str) -> bool:
        if callback is self._own:
            return name == _BEHAVIOUR
        wants = getattr(callback, "wants", None)
        return wants is None or wants(name)


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    fire, defer = originals[_FIRE], originals[_DEFER]
    is_wanted = _Wanted()

    def fire_event(
        self: Any,
        e: Any,
        level: Any = None,
        node: Any = None,
        force_warn_or_error_handling: bool = False,  # noqa: FBT001, FBT002 - as dbt has it
    ) -> None:
        if force_warn_or_error_handling or is_wanted(self, e, level):
            fire(self, e, level, node, force_warn_or_error_handling)

    def fire_or_defer_event(self: Any, e: Any, *arguments: Any, **keywords: Any) -> None:
        # what it tells about may have changed when it is fired
        _ = e.pb_msg
        defer(self, e, *arguments, **keywords)

    def __init__(self: Any, *arguments: Any, **keywords: Any) -> None:  # noqa: N807
        self.__dict__["_given"] = arguments, keywords

    return {
        _FIRE: fire_event,
        _DEFER: fire_or_defer_event,
        _INIT: __init__,
        _MESSAGE: _Message(originals[_INIT]),
    }


PATCH = Patch(
    "events",
    (_FIRE, _DEFER, _INIT, _MESSAGE),
    _make,
    relies_on=("dbt_common.events.logger", "dbt.tracking"),
)
