"""Random expressions over names: what the watch lets through holds under any names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import parses
from name_expressions import MACROS, expressions

MODEL = "{{ config(meta={'a': [EXPRESSION] | first}) }} select 1"
OTHERS = [("prod", "main"), ("dev_anna", "dev_lake"), ("p", "a_long_name_that_goes_on_and_on")]


@pytest.mark.slow
def test_let_through_holds(tmp_path: Path) -> None:
    """A value that is kept without an offence is, under other names, what is expected of it.

    Without the comparison of two parses, which the bake does as well.
    """
    wanted = expressions(100, seed=7)
    files = {"macros/all.sql": MACROS} | {
        f"models/m{number}.sql": MODEL.replace("EXPRESSION", expression)
        for number, expression in enumerate(wanted)
    }
    root = tmp_path / "root_stand_in"
    root.mkdir()
    manifest, seen = parses.parse(root, files, watch=True)
    assert seen is not None
    told = {offence.where for offence in seen.offences}
    kept = _kept(manifest)
    wrong = []
    for schema, catalog in OTHERS:
        other = _kept(parses.parse(root, schema=schema, catalog=catalog)[0])
        for unique_id in kept.keys() - told:
            expected = kept[unique_id].replace(parses.SCHEMA, schema)
            expected = expected.replace(parses.CATALOG, catalog)
            if other[unique_id] != expected:
                expression = wanted[int(unique_id.rpartition(".m")[2])]
                wrong.append((expression, other[unique_id], expected))
    assert wrong == []
    # neither lets everything through, nor nothing
    assert 15 <= len(kept.keys() - told) <= 85


def _kept(manifest: Any) -> dict[str, str]:
    return {unique_id: str(node.config.meta["a"]) for unique_id, node in manifest.nodes.items()}
