"""Events that nobody takes are not built.

dbt-common 1.38 builds two protobuf messages for each event, and formats its text, before it asks
its loggers and callbacks (`events/base_types.py`, `events/event_manager.py`). Nearly all are debug
events: with the log at `info`, one in twenty is taken. Here a message is built when it is first
looked at, and an event below the level of each logger goes only to callbacks that want it, which
read what dbt gave it: no message is built. What warns or fails is fired as ever.

One thing is lost: that the fields of an event do not fit its message is not told if it is dropped.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dbt_runner.engine.patches.patch import Patch

_MANAGER = "dbt_common.events.event_manager:EventManager"
_FIRE = f"{_MANAGER}.fire_event"
_DEFER = f"{_MANAGER}.fire_or_defer_event"
_FROM = "dbt_common.events.event_manager:msg_from_base_event"
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


@dataclass(frozen=True)
class _Info:
    """What is always known of an event."""

    name: str
    level: str


@dataclass(frozen=True)
class _Fields:
    """The fields of an event as dbt gave them; one that it did not give is empty."""

    given: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        value = self.given.get(name, "")
        return value if name == "adapter_response" or type(value) is not dict else _Fields(value)


@dataclass(frozen=True)
class _Unbuilt:
    """In place of a message, for a callback that needs no more than this."""

    info: _Info
    data: _Fields


class _Audience:
    """Who takes an event."""

    def __init__(self) -> None:
        logger = sys.modules["dbt_common.events.logger"]
        # what is written as an error, whatever its level
        self._always = frozenset(logger.PRINT_EVENT_NAMES)
        self._levels = logger._log_level_map  # noqa: SLF001 - proven with this text
        self._own = sys.modules["dbt.tracking"].track_behavior_change_warn

    def is_logged(self, manager: Any, name: str, level: Any) -> bool:
        """Whether it warns, fails, or is written somewhere."""
        number = self._levels[level]
        if number > logging.INFO or name in self._always:
            return True
        for each in manager.loggers:
            writer = each._python_logger  # noqa: SLF001
            if writer is None or writer.isEnabledFor(number):
                return True
        return False

    def takers(self, manager: Any, name: str) -> list[Any]:
        """The callbacks that take it."""
        return [callback for callback in manager.callbacks if self._takes(callback, name)]

    def _takes(self, callback: Any, name: str) -> bool:
        if callback is self._own:
            return name == _BEHAVIOUR
        wants = getattr(callback, "wants", None)
        return wants is None or wants(name)


def _message(event: Any, level: Any = None) -> Any:
    """What loggers and callbacks get, made field by field; dbt goes by way of JSON."""
    base = sys.modules["dbt_common.events.base_types"]
    kind = type(event)
    message = getattr(event.PROTO_TYPES_MODULE, f"{kind.__name__}Msg")()
    info = message.info
    info.level = (level or event.level_tag()).value
    info.msg = event.message()
    info.invocation_id = base.get_invocation_id()
    info.extra.update(base.get_global_metadata_vars())
    info.ts.FromDatetime(datetime.now(UTC))
    info.pid = base.get_pid()
    info.thread = base.get_thread_name()
    info.code = event.code()
    info.name = kind.__name__
    message.data.CopyFrom(event.pb_msg)
    return message


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    fire, defer = originals[_FIRE], originals[_DEFER]
    audience = _Audience()

    def fire_event(
        self: Any,
        e: Any,
        level: Any = None,
        node: Any = None,
        force_warn_or_error_handling: bool = False,  # noqa: FBT001, FBT002 - as dbt has it
    ) -> None:
        name, actual = type(e).__name__, level or e.level_tag()
        if not force_warn_or_error_handling and not audience.is_logged(self, name, actual):
            takers = audience.takers(self, name)
            given = e.__dict__.get("_given")
            if given is not None and all(hasattr(taker, "wants") for taker in takers):
                for taker in takers:
                    taker(_Unbuilt(_Info(name, actual.value), _Fields(given[1])))
                return
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
        _FROM: _message,
    }


PATCH = Patch(
    "events",
    (_FIRE, _DEFER, _INIT, _MESSAGE, _FROM),
    _make,
    relies_on=("dbt_common.events.logger", "dbt.tracking"),
)
