"""A dictionary whose values are made on demand is one in every other respect."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.engine.patches.lazy import Lazy

if TYPE_CHECKING:
    from collections.abc import Callable

KNOWN = {"a": 1, "b": 2, "c": 3}
PLAIN = {"a": "a1", "b": "b2", "c": "c3"}


def made() -> tuple[Lazy, list[str]]:
    """One that has nothing made yet, and the keys of what it makes."""
    keys: list[str] = []

    def make(key: str, found: int) -> str:
        keys.append(key)
        return f"{key}{found}"

    return Lazy(KNOWN, make), keys


def changed(change: Callable[[Any], Any], value: Any) -> tuple[Any, Any]:
    """What a change of a dictionary gives, and the dictionary then."""
    try:
        result = change(value)
    except KeyError as error:
        result = repr(error)
    return result, dict(value)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["b"],
        lambda d: d["z"],
        lambda d: ("b" in d, "z" in d, None in d),
        lambda d: (d.get("b"), d.get("z"), d.get("z", 5)),
        lambda d: (d.setdefault("b", 5), d.setdefault("z", 5)),
        lambda d: d.pop("b"),
        lambda d: (d.pop("z", None), d.pop("a", None)),
        lambda d: d.popitem(),
        lambda d: d.__delitem__("a"),
        lambda d: d.update(b=5, z=6),
        lambda d: d.clear(),
        lambda d: (list(d), list(reversed(d)), len(d), bool(d)),
        lambda d: (list(d.keys()), list(d.values()), list(d.items())),
        lambda d: (d == PLAIN, d != PLAIN, d | {"z": 1}, {"z": 1} | d, repr(d)),
        lambda d: ({**d}, dict(d), d.copy(), copy.copy(d), copy.deepcopy(d)),
        lambda d: [d.__setitem__("b", 5), d["b"], list(d.items())],
        lambda d: [d.__setitem__("z", 5), d["b"], list(d.items())],
    ],
)
def test_as_a_dictionary(change: Callable[[Any], Any]) -> None:
    """Whatever is done with it, it gives and becomes what a dictionary would, in its order."""
    result, after = changed(change, made()[0])
    wanted, plain = changed(change, dict(PLAIN))
    assert (result, list(after.items())) == (wanted, list(plain.items()))


def test_only_what_is_asked_for_is_made() -> None:
    """Looking at keys makes nothing; a value is made once; one that was set is not made."""
    lazy, keys = made()
    assert "a" in lazy
    assert lazy
    lazy["c"] = "own"
    assert (lazy["b"], lazy["b"], lazy.get("c")) == ("b2", "b2", "own")
    assert keys == ["b"]


def test_no_name_that_a_macro_could_have() -> None:
    """A template finds attributes before items, so there are none but a dictionary's."""
    own = {name for name in dir(Lazy) if not name.startswith("__")} - set(dir(dict))
    assert own == {
        "_Lazy__complete",
        "_Lazy__known",
        "_Lazy__make",
    }
