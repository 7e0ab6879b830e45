"""What a function takes its value from, where that is another in each run or on each machine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2.utils import generate_lorem_ipsum

CLOCK, CHANCE, TIME_ZONE = "the clock", "chance", "the time zone of the machine"

_OF_THE_CLOCK = frozenset({"now", "today", "utcnow"})


def varying(
    function: Any, args: Sequence[Any] = (), named: Mapping[str, Any] | None = None
) -> str | None:
    """The clock, the machine's time zone or chance; `None` if it is none of them.

    Args:
        args, named: what it is called with; nothing where it is not called yet.
    """
    if function is generate_lorem_ipsum:
        return CHANCE
    owner, name = getattr(function, "__self__", None), name_of(function)
    if isinstance(owner, str):
        return TIME_ZONE if _formats_seconds(owner, name, args, named) else None
    kind = owner if isinstance(owner, type) else type(owner)
    if not issubclass(kind, dt.date | dt.time):
        return None
    if name in _OF_THE_CLOCK:
        return CLOCK
    has_zone = isinstance(owner, dt.datetime) and owner.tzinfo is not None
    zones = [*args[name == "fromtimestamp" :], *(named or {}).values()]
    to_zone = any(zone is not None for zone in zones)
    local = {
        # a moment without a zone is taken for one of the machine's
        "astimezone": not (has_zone and to_zone),
        "fromtimestamp": not to_zone,
        "timestamp": not has_zone,
        "strftime": any("%s" in str(each) for each in args),
    }
    return TIME_ZONE if local.get(name) else None


def name_of(function: Any) -> str:
    """What a function or method is called; a name that begins with `_` is told without it."""
    name = getattr(function, "__name__", None)
    return (name if isinstance(name, str) else type(function).__name__).lstrip("_")


def _formats_seconds(
    text: str, method: str, args: Sequence[Any], named: Mapping[str, Any] | None
) -> bool:
    """Whether a format may have a date give its seconds, which it takes for local time."""
    dates = any(isinstance(each, dt.date | dt.time) for each in (*args, *(named or {}).values()))
    return method in {"format", "format_map"} and "%s" in text and dates
