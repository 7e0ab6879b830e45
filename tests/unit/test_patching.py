"""The gate: what is patched, when, and how it is undone."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.engine.patches import gate, proven
from dbt_runner.engine.patches.gate import Verdict, applied
from dbt_runner.engine.patches.listed import EARLY, PATCHES
from dbt_runner.engine.patches.patch import ABSENT, Patch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TEXT = """\
def speak(): return "old"
class Animal:
    def walk(self): return "old"
"""


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module that patches are proven with, of the distribution structlog."""
    (tmp_path / "zoo.py").write_text(TEXT)
    monkeypatch.syspath_prepend(str(tmp_path))
    module = import_module("zoo")
    monkeypatch.setattr(proven, "VERSIONS", {"structlog": gate._version("structlog")})
    monkeypatch.setattr(proven, "DIGESTS", {"structlog": {"zoo": gate.digest("zoo")}})
    yield module
    del sys.modules["zoo"]


def patch(name: str = "new", **replacements: Any) -> Patch:
    """One that has each site give a value of its own."""
    given = {site.replace("__", ":").replace("_", "."): r for site, r in replacements.items()}
    return Patch(name, tuple(given), lambda _: given)


SPEAK = patch("speak", zoo__speak=lambda: "new")
WALK = patch("walk", zoo__Animal_walk=lambda _: "new", zoo__Animal_fly=lambda _: "new")


def test_in_and_out_again(zoo: Any) -> None:
    """What a patch replaces and adds is there inside, and as before afterwards."""
    before = dict(vars(zoo)), dict(vars(zoo.Animal))
    with applied([SPEAK, WALK]) as verdicts:
        assert verdicts == (Verdict("speak"), Verdict("walk"))
        assert (zoo.speak(), zoo.Animal().walk(), zoo.Animal().fly()) == ("new",) * 3
    assert (dict(vars(zoo)), dict(vars(zoo.Animal))) == before


def test_originals_are_handed_over(zoo: Any) -> None:
    """A patch is made from what it replaces; what it adds has no original."""
    seen: list[Mapping[str, Any]] = []
    sites = ("zoo:speak", "zoo:Animal.fly")

    def make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
        seen.append(originals)
        return {"zoo:speak": lambda: originals["zoo:speak"]() + "!", "zoo:Animal.fly": None}

    with applied([Patch("loud", sites, make)]):
        assert zoo.speak() == "old!"
    assert seen[0]["zoo:Animal.fly"] is ABSENT


@pytest.mark.parametrize("attribute", ["VERSIONS", "DIGESTS"])
def test_something_else_is_installed(
    zoo: Any, attribute: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version, or another text of the same version, is not patched; others are."""
    other = {"VERSIONS": {"structlog": "0.1"}, "DIGESTS": {"structlog": {"zoo": "0" * 16}}}
    monkeypatch.setattr(proven, attribute, other[attribute])
    with applied([SPEAK, Patch("nothing", (), lambda _: {})]) as verdicts:
        assert zoo.speak() == "old"
    assert [(each.patch, each.refused is None) for each in verdicts] == [
        ("speak", False),
        ("nothing", True),
    ]
    assert "structlog" in (verdicts[0].refused or "")


def test_another_python(zoo: Any) -> None:
    """A patch is for the Pythons it was proven with."""
    with pytest.raises(gate.NotProven, match=r"Python 3\.99"):
        gate.check(SPEAK, (3, 99))


def test_replaced_by_another_tool(zoo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that another tool has replaced, a wrapper too, stays as that left it."""
    foreign = lambda: "foreign"  # noqa: E731
    foreign.__module__ = "zoo"
    monkeypatch.setattr(zoo, "speak", foreign)
    with applied([SPEAK]) as verdicts:
        assert zoo.speak() == "foreign"
    assert "replaced by" in (verdicts[0].refused or "")


def test_replaced_by_an_object(zoo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in for a function, as tracing tools have it, stays too."""
    foreign = partial(lambda: "foreign")
    monkeypatch.setattr(zoo, "speak", foreign)
    with applied([SPEAK]) as verdicts:
        assert zoo.speak is foreign
    assert "replaced by a partial" in (verdicts[0].refused or "")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (Patch("b", ("zoo:speak",), lambda _: 1 / 0), "ZeroDivisionError"),  # type: ignore[arg-type, return-value]
        (Patch("b", ("zoo:speak",), lambda _: {}), "was to replace"),
        (Patch("b", ("zoo:speak", "zoo:Bird.fly"), lambda _: {"zoo:speak": 1}), "not imported"),
        (Patch("b", ("aviary:fly",), lambda _: {"aviary:fly": 1}), "aviary"),
    ],
)
def test_a_fault_leaves_all_as_it_was(zoo: Any, broken: Patch, reason: str) -> None:
    """A patch that breaks while it is put in is out, whole, and the run goes on."""
    with applied([broken]) as verdicts:
        assert zoo.speak() == "old"
    assert reason in (verdicts[0].refused or "")


def test_half_put_in(zoo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the second attribute cannot be set, the first is set back."""
    monkeypatch.setattr(zoo, "Sealed", int, raising=False)
    two = {"zoo:speak": lambda: "new", "zoo:Sealed.bit_count": None}
    with applied([Patch("half", tuple(two), lambda _: two)]) as verdicts:
        assert zoo.speak() == "old"
    assert "TypeError" in (verdicts[0].refused or "")


RUN = """\
from dbt_runner.engine.importing import imported
from dbt_runner.engine.patches.gate import applied
from dbt_runner.engine.patches.listed import PATCHES
with imported(patches=True) as early, applied(PATCHES) as late:
    print(*(f"{each.patch}: {each.refused}" for each in [*early, *late] if each.refused), sep="\\n")
"""


@pytest.mark.skipif(sys.version_info[:2] not in proven.PYTHONS, reason="none is proven with it")
def test_all_are_in_where_nothing_else_imports_dbt() -> None:
    """A fresh process has only the modules that dbt's own import brings; tests have them all."""
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, check=True, text=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("each", [*EARLY, *PATCHES], ids=lambda each: each.name)
def test_proven_is_what_is_locked(each: Patch) -> None:
    """Each patch is proven with the packages of the lock; the message tells a new digest."""
    import_module("dbt.cli.main")
    for name in each.modules():
        import_module(name)
    gate.check(each, proven.PYTHONS[0])
