"""Tables of results share what finds out the types of their columns.

For each result dbt-common 1.38 makes the same seven types (`clients/agate_helper.py`), two of which
agate equips with a parser of dates in words, which takes half a millisecond and is never used: dbt
gives a format for dates. A table without rows has types made that it has no column for.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from dbt_runner.engine.patches.patch import Patch

_HELPER = "dbt_common.clients.agate_helper"
_TESTER = f"{_HELPER}:build_type_tester"
_EMPTY = f"{_HELPER}:empty_table"


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    helper, agate = sys.modules[_HELPER], sys.modules["agate"]
    build = originals[_TESTER]
    kinds: dict[Any, list[Any]] = {}

    def build_type_tester(text_columns: Any, string_null_values: Any = ("null", "")) -> Any:
        if type(string_null_values) is not tuple:
            return build(text_columns, string_null_values)
        types = kinds.get(string_null_values)
        if types is None:
            tester = build((), string_null_values)
            types = kinds[string_null_values] = tester._possible_types  # noqa: SLF001
        force = {name: agate.Text(null_values=string_null_values) for name in text_columns}
        return agate.TypeTester(force=force, types=list(types))

    def empty_table() -> Any:
        return agate.Table(rows=[], column_types=helper.DEFAULT_TYPE_TESTER)

    return {_TESTER: build_type_tester, _EMPTY: empty_table}


PATCH = Patch(
    "tables",
    (_TESTER, _EMPTY),
    _make,
    relies_on=("agate.data_types.base", "agate.table", "agate.type_tester"),
    imports=(_HELPER,),
)
