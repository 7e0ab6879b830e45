"""Values that were derived from a name or from the clock, and how to tell them."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, ValuesView
from dataclasses import is_dataclass
from itertools import islice
from typing import Any

from jinja2.utils import Namespace

Tell = Callable[[str], None]
"""Takes the one line of an offence."""
FOLDER = "the project's folder"
TIME_ZONE = "the time zone of the machine"


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


class Told(Derived, dict[str, Any]):
    """A mapping whose values are told when they are read, and may be exchanged then.

    Args:
        of: the mapping.
        why: what it is.
        told: takes a key and its value, gives the value to hand out.
        tell: takes offences, where a key may be there in one run and not in another.
    """

    certain = True  # as a whole

    def __init__(
        self,
        of: dict[str, Any],
        why: str,
        told: Callable[[str, Any], Any],
        tell: Tell | None = None,
    ) -> None:
        super().__init__(of)
        self.why = why
        self.tell = tell or (lambda _: None)
        self._told = told
        self._varies = tell is not None

    def __missing__(self, key: Any) -> Any:
        self._sought(key)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        self._sought(key)
        return super().__contains__(key)

    def _sought(self, key: object) -> None:
        self.tell(f"looks whether {self.why} has {key!r}")

    def __iter__(self) -> Iterator[str]:
        self.tell(f"goes through {self.why}")
        return super().__iter__()

    def __len__(self) -> int:
        self.tell(f"counts {self.why}")
        return super().__len__()

    def __getitem__(self, key: str) -> Any:
        return self._told(key, super().__getitem__(key))

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, told; a text in its place differs from run to run like the value."""
        if super().__contains__(key):
            return self[key]
        if self._varies and isinstance(default, str):
            return derived(default, f"{self.why}.{key}", self.tell)
        self._sought(key)
        return default

    def copy(self) -> Told:
        """One that tells the same."""
        return Told(
            dict(super().items()), self.why, self._told, self.tell if self._varies else None
        )

    def pop(self, key: str, *default: Any) -> Any:
        """Take a key out, told."""
        if super().__contains__(key):
            value = self[key]
            super().pop(key)
            return value
        self._sought(key)
        return super().pop(key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, or what is put there, told."""
        if super().__contains__(key):
            return self[key]
        self._sought(key)
        return super().setdefault(key, default)

    def keys(self) -> Any:
        """All keys, told."""
        return list(self)

    def items(self) -> Any:
        """All pairs, told."""
        return [(key, self[key]) for key in self]

    def values(self) -> Any:
        """All values, told."""
        return [self[key] for key in self]


_LOOKED_AT = 100_000
"""Elements of what may yield without end."""


class Once(Iterator[Any]):
    """What yields its elements once, as it would unwatched, and yet lets them be looked at."""

    def __init__(self, values: Iterator[Any]) -> None:
        self._values = values
        self._ahead: deque[Any] = deque()

    def __next__(self) -> Any:
        return self._ahead.popleft() if self._ahead else next(self._values)

    def rest(self) -> list[Any]:
        """The elements that were not yielded yet."""
        self._ahead.extend(islice(self._values, max(0, _LOOKED_AT - len(self._ahead))))
        return list(self._ahead)


def held(value: Any) -> Any:
    """An iterator as one that lets its elements be looked at; others as they are."""
    return Once(value) if isinstance(value, Iterator) and not isinstance(value, Once) else value


class Origins:
    """Tells what a value was made of.

    Args:
        labelled: (text, what it stands for) of each stand-in.
    """

    def __init__(self, labelled: tuple[tuple[str, str], ...]) -> None:
        self._labelled = labelled

    def whole_in_lower_case(self, text: str) -> bool:
        """Whether a text in lower case still holds the names that it holds.

        Catalogs and schemas are in lower case anyway (`identifiers.py`), paths need not be.
        """
        return not isinstance(text, Derived) and not any(
            name in text for name, what in self._labelled if what == FOLDER
        )

    def of(self, value: Any) -> str | None:
        """What a value holds: a name or something derived; `None` if neither."""
        return self._find(value, set(), derived_only=False)

    def derived(self, value: Any) -> str | None:
        """What a value that is derived, or holds such, was made of."""
        return self._find(value, set(), derived_only=True)

    def _find(self, value: Any, looked_at: set[int], *, derived_only: bool) -> str | None:
        if isinstance(value, Derived):
            return value.why
        if isinstance(value, str):
            if derived_only:
                return None
            return next((label for text, label in self._labelled if text in value), None)
        if value is None or isinstance(value, int | float) or id(value) in looked_at:
            return None
        # a context holds itself
        looked_at.add(id(value))
        for part in _parts(value):
            found = self._find(part, looked_at, derived_only=derived_only)
            if found:
                return found
        return None


def _parts(value: Any) -> Iterable[Any]:
    """What a mapping, list or object of dbt's consists of; of others, nothing."""
    if isinstance(value, dict):
        return (*dict.keys(value), *dict.values(value))
    if isinstance(value, list | tuple | set | frozenset | ItemsView | KeysView | ValuesView):
        return value
    if isinstance(value, Once):
        return value.rest()
    if isinstance(value, Namespace):
        attributes: dict[str, Any] = object.__getattribute__(value, "_Namespace__attrs")
        return attributes.values()
    if is_dataclass(value) and not isinstance(value, type) and hasattr(value, "__dict__"):
        return vars(value).values()
    return ()
