"""A state's bytes: names are put in whole, and nothing but a manifest comes out."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.baked import shipped
from dbt_runner.baked.shipped import NoState
from dbt_runner.engine import serving
from dbt_runner.engine.baking import comparison, state
from dbt_runner.engine.serving import Place, UnreadableState

if TYPE_CHECKING:
    from pathlib import Path

MADE = Place("jqxkabmo", "wvzqudri", "/tmp/bake/qhjxteno")  # noqa: S108 - a name only


def served(value: Any, place: Place) -> Any:
    """A value by way of its bytes."""
    return serving.load(state.dump(value, MADE), place)


def test_names_are_put_in() -> None:
    """Each name is put where the one stood that the state was made with, in keys too."""
    value = {
        "relation": '"jqxkabmo"."wvzqudri_staging"."orders"',
        "wvzqudri": [f"{MADE.root}/seeds", 1, None],
        "plain": "select 1",
    }
    assert served(value, Place("main", "dev", "/srv/app")) == {
        "relation": '"main"."dev_staging"."orders"',
        "dev": ["/srv/app/seeds", 1, None],
        "plain": "select 1",
    }


@pytest.mark.parametrize(
    "place",
    [
        Place("wvzqudri", "jqxkabmo", "/wvzqudri"),
        Place("a{0}b", "\\1", "/0"),
        Place("0", "1", "2"),
        Place("same", "same", "same"),
    ],
)
def test_names_are_never_looked_into(place: Place) -> None:
    """A name that looks like another stand-in, a template or a number stays what it is."""
    text = "jqxkabmo.wvzqudri at /tmp/bake/qhjxteno"
    assert served([text], place) == [f"{place.catalog}.{place.schema} at {place.root}"]


def test_same_value_same_bytes() -> None:
    """Two dumps of equal values are the same bytes."""
    values = [
        [{"a": f"{MADE.schema}.{n}", "b": [MADE.catalog, {n}]} for n in range(20)] for _ in "ab"
    ]
    assert state.dump(values[0], MADE) == state.dump(values[1], MADE)


def test_text_of_another_class_comes_back_plain() -> None:
    """A watched text, which is a class of its own, is an ordinary one after that."""

    class Watched(str):
        __slots__ = ()

    value = served([Watched("wvzqudri"), Watched("other")], Place("c", "s", "r"))
    assert [(type(text), text) for text in value] == [(str, "s"), (str, "other")]


@pytest.mark.parametrize("value", [print, pickle.loads, io.BytesIO, zlib.compress])
def test_nothing_else_is_imported(value: Any) -> None:
    """What is no part of a manifest is not imported, however it got into the bytes."""
    data = zlib.compress(pickle.dumps([]) + pickle.dumps(value)) + zlib.compress(b"")
    with pytest.raises(UnreadableState, match="is no part of a manifest"):
        serving.load(data, MADE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        zlib.compress(b""),
        zlib.compress(pickle.dumps([])),
        2 * zlib.compress(pickle.dumps([])),
    ],
)
def test_broken_bytes(data: bytes) -> None:
    """What is no state is told so."""
    with pytest.raises(UnreadableState):
        serving.load(data, MADE)


def test_shipped_state_is_found(tmp_path: Path) -> None:
    """Without a folder there is nothing; with one, a target without a state is named."""
    assert shipped.find("local", tmp_path / "none") is None
    with pytest.raises(NoState, match="no state was baked for the target prod"):
        shipped.find("prod", tmp_path)


def test_bad_key_is_told(tmp_path: Path) -> None:
    """A key that cannot be read serves nothing."""
    (tmp_path / "local.json").write_text('{"format": 99}')
    with pytest.raises(NoState, match="format 99"):
        shipped.find("local", tmp_path)


def test_other_bytes_are_refused(tmp_path: Path, key_text: str) -> None:
    """A state that is not the one that was built is not even read as one."""
    (tmp_path / "local.json").write_text(key_text)
    (tmp_path / "local.state").write_bytes(b"built")
    found = shipped.find("local", tmp_path)
    assert found is not None
    assert found.read() == b"built"
    (tmp_path / "local.state").write_bytes(b"built by somebody else")
    with pytest.raises(NoState, match="not the one that was built"):
        found.read()


@pytest.fixture
def key_text() -> str:
    """The key of a state that is `built`."""
    texts = dict.fromkeys(("profile", "target", "output"), "x")
    maps: dict[str, dict[str, str]] = {
        name: {} for name in ("versions", "files", "environment", "flags", "parsed")
    }
    digest = hashlib.sha256(b"built").hexdigest()
    lists: dict[str, list[str]] = {
        name: [] for name in ("behaviour", "variables", "warnings", "asked")
    }
    rest = {**lists, "sha256": digest, "names": None}
    return json.dumps({**texts, **maps, **rest, "until": None, "zone": None, "format": 1})


def test_no_setting_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """States lie beside the package's code, whatever the environment says."""
    for name in ("WHEEL_PARSE_STATE", "DBT_RUNNER_BAKED", "DBT_RUNNER_STATE"):
        monkeypatch.setenv(name, "/elsewhere")
    assert shipped.folder().name == "_baked"
    assert shipped.folder().parent.name == "dbt_runner"


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        ({"nodes": {"model.a": {"x": 1}}}, {"nodes": {"model.a": {"x": 2}}}, "model.a"),
        ({"nodes": {"model.a": {}}}, {"nodes": {"model.a": {}, "model.b": {}}}, "model.b"),
        ({"nodes": {"model.a": ["x"]}}, {"nodes": {"model.a": ["x", "y"]}}, "model.a"),
        ({"nodes": {"model.a": {"x": "1"}}}, {"nodes": {"model.a": {"x": 1}}}, "model.a"),
        ({"nodes": {"model.a": {1, 2}}}, {"nodes": {"model.a": {1, 3}}}, "model.a"),
    ],
)
def test_difference_names_the_node(
    monkeypatch: pytest.MonkeyPatch, one: Any, other: Any, where: str
) -> None:
    """What is not parametric is told by the node that it is found in."""
    monkeypatch.setattr(comparison, "parts", dict)
    found = comparison.difference(one, other)
    assert found is not None
    assert found[0] == where
    assert comparison.difference(one, one) is None
