"""Values that were derived from a name or from the clock: each kind with a mark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

Tell = Callable[[str], None]
"""Takes the one line of an offence."""


class Derived:
    """A value whose text or number differs from run to run.

    Attributes:
        why: what it was made of, such as `the schema, by the filter 'upper'`.
        tell: where to say that something was decided on it.
        certain: in every run it is there and not empty.
    """

    __slots__ = ()
    why = "the clock"
    certain = False
    tell: Tell = staticmethod(lambda _: None)

    def _plain(self) -> Any:
        """The value without its mark."""
        return self


class _Decisive(Derived):
    """One whose truth value hangs on what it was made of."""

    __slots__ = ()

    def __bool__(self) -> bool:
        if not self.certain:
            self.tell(f"decides on {self.why}")
        return bool(self._plain())


class DerivedText(_Decisive, str):
    """Text; it may be empty in another run, if it is not certain."""

    __slots__ = ("certain", "tell", "why")

    def _plain(self) -> str:
        return str.__str__(self)


class HttpPath(DerivedText):
    """The HTTP path of the warehouse, whole: it may be asked what each run can ask again."""

    __slots__ = ()


class _DerivedInt(_Decisive, int):
    def _plain(self) -> int:
        return int(self)


class _DerivedFloat(_Decisive, float):
    def _plain(self) -> float:
        return float(self)


class DerivedList(_Decisive, list[Any]):
    """A list whose length hangs on the name too."""

    def _plain(self) -> list[Any]:
        return list(self)


class _DerivedMoment(Derived, dt.datetime):
    certain = True

    def _plain(self) -> dt.datetime:
        return dt.datetime.combine(self.date(), self.timetz())


class _DerivedDate(Derived, dt.date):
    certain = True

    def _plain(self) -> dt.date:
        return dt.date(self.year, self.month, self.day)


class _DerivedSpan(_Decisive, dt.timedelta):
    def _plain(self) -> dt.timedelta:
        return dt.timedelta(self.days, self.seconds, self.microseconds)


def derived(value: Any, why: str, tell: Tell, *, certain: bool = False) -> Any:
    """The same value, marked; one that cannot be marked is an offence.

    Args:
        value: any value of a template.
        why: what it was made of.
        tell: takes offences.
        certain: in every run it is there and not empty; dates are so anyway.
    """
    if isinstance(value, Derived):
        return value
    made = _like(value)
    if made is None:
        tell(f"uses {why}")
        return value
    if isinstance(made, DerivedList):
        made[:] = [derived(part, why, tell) for part in made]
        for name in _fields(value):
            setattr(made, name, derived(getattr(value, name), why, tell))
    made.why, made.tell = why, tell
    if isinstance(made, DerivedText):
        made.certain = certain
    return made


def _fields(value: Any) -> list[str]:
    """Names of a tuple's elements, such as those of `isocalendar()`."""
    kind = type(value)
    if not isinstance(value, tuple) or kind is tuple:
        return []
    return [name for name in dir(kind) if name[0] != "_" and not callable(getattr(value, name))]


def _like(value: Any) -> Any:
    """The same value, able to carry a mark; `None` if there is no such kind."""
    match value:
        case bool():
            return None
        case dt.datetime():
            return _DerivedMoment.combine(value.date(), value.timetz())
        case dt.date():
            return _DerivedDate(value.year, value.month, value.day)
        case dt.timedelta():
            return _DerivedSpan(value.days, value.seconds, value.microseconds)
    kinds = ((str, DerivedText), (int, _DerivedInt), (float, _DerivedFloat), (list, DerivedList))
    kind = next((made for plain, made in kinds if isinstance(value, plain)), None)
    if isinstance(value, tuple):
        kind = DerivedList
    return kind(value) if kind else None


def never_empty(value: Any) -> bool:
    """Whether a value is there in every run, and a text is not empty in any."""
    return value.certain if isinstance(value, Derived) else value is not None and value != ""


def plain(value: Any) -> Any:
    """The value without its mark; parts of lists and mappings likewise."""
    if isinstance(value, Derived):
        value = value._plain()  # noqa: SLF001 - of this module
    if type(value) is list:
        return [plain(part) for part in value]
    if type(value) is dict:
        return {key: plain(part) for key, part in value.items()}
    return value
