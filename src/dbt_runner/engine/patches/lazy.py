"""A dictionary of which most values are made when they are looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class Lazy(dict[str, Any]):
    """A dictionary that makes the values of known keys when they are first asked for.

    Whatever looks at all of it, or takes something out, has all of it made first, in the order of
    the known keys; it is a plain dictionary from then on. Jinja finds attributes before items, so
    nothing here may have a name that a macro could have.

    Args:
        known: key → what its value is made of. May be shared; it is not written to.
        make: makes a value of a key and what `known` has for it.
    """

    __slots__ = ("__known", "__make")

    def __init__(self, known: Mapping[str, Any], make: Callable[[str, Any], Any]) -> None:
        super().__init__()
        self.__known = known
        self.__make = make

    def __missing__(self, key: str) -> Any:
        value = self[key] = self.__make(key, self.__known[key])
        return value

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or key in self.__known

    def get(self, key: str, default: Any = None) -> Any:
        """As of a dictionary."""
        # not by dict.get, which makes nothing
        return self[key] if key in self else default  # noqa: SIM401

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As of a dictionary."""
        if key not in self:
            self[key] = default
        return self[key]

    def __complete(self) -> None:
        if not self.__known:
            return
        values = {key: self[key] for key in self.__known}
        values.update(zip(dict.keys(self), dict.values(self), strict=True))
        self.__known = {}
        dict.clear(self)
        dict.update(self, values)

    def __iter__(self) -> Iterator[str]:
        self.__complete()
        return dict.__iter__(self)

    def __reversed__(self) -> Iterator[str]:
        self.__complete()
        return dict.__reversed__(self)

    def __len__(self) -> int:
        self.__complete()
        return dict.__len__(self)

    def __bool__(self) -> bool:
        return dict.__len__(self) > 0 or bool(self.__known)

    def __repr__(self) -> str:
        self.__complete()
        return dict.__repr__(self)

    def __eq__(self, other: object) -> bool:
        self.__complete()
        return dict.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        self.__complete()
        return dict.__ne__(self, other)

    __hash__ = None

    def __or__(self, other: Any) -> Any:
        self.__complete()
        return dict.__or__(self, other)

    def __ror__(self, other: Any) -> Any:
        self.__complete()
        return dict.__ror__(self, other)

    def __delitem__(self, key: str) -> None:
        self.__complete()
        dict.__delitem__(self, key)

    def __reduce__(self) -> Any:
        return dict, (dict(self),)

    def keys(self) -> Any:
        """As of a dictionary."""
        self.__complete()
        return dict.keys(self)

    def values(self) -> Any:
        """As of a dictionary."""
        self.__complete()
        return dict.values(self)

    def items(self) -> Any:
        """As of a dictionary."""
        self.__complete()
        return dict.items(self)

    def copy(self) -> dict[str, Any]:
        """As of a dictionary."""
        self.__complete()
        return dict.copy(self)

    def pop(self, *arguments: Any) -> Any:
        """As of a dictionary."""
        self.__complete()
        return dict.pop(self, *arguments)

    def popitem(self) -> Any:
        """As of a dictionary."""
        self.__complete()
        return dict.popitem(self)

    def clear(self) -> None:
        """As of a dictionary."""
        self.__complete()
        dict.clear(self)
