"""A relation is looked for in dbt's cache without looking at all others (dbt/adapters, 1.24).

For each model an adapter asks for a few relations. dbt goes through the whole cache for each, and
makes four texts of each relation in it: quadratic, and a quarter of the time at the end of 3,000
models. The cache is a mapping whose keys hold those texts, and a relation of another identifier
can neither match nor nearly match. What one relation has to do with others is noted only for
adapters that have dbt link them (`add_link`); where nothing is, there is nothing to forget.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from dbt_runner.engine.patches.patch import Patch

_CACHE = "dbt.adapters.cache"
_ADAPTER = "dbt.adapters.base.impl"
_LIST = f"{_CACHE}:RelationsCache.get_relations"
_FORGET = f"{_CACHE}:_CachedRelation.release_references"
_MATCH = f"{_ADAPTER}:BaseAdapter._make_match"


def _make(original: Mapping[str, Any]) -> Mapping[str, Any]:
    cache = sys.modules[_CACHE]
    lowercase, missing = cache.lowercase, cache.NoneRelationFoundError
    match, forget = original[_MATCH], original[_FORGET]

    def get_relations(self: Any, database: str | None, schema: str | None) -> list[Any]:
        database, schema = lowercase(database), lowercase(schema)
        with self.lock:
            found = [
                each.inner
                for key, each in self.relations.items()
                if key[1] == schema and key[0] == database
            ]
        if None in found:
            raise missing
        return found

    def release_references(self: Any, keys: Any) -> None:
        if self.referenced_by:
            forget(self, keys)

    def _make_match(
        self: Any, relations_list: list[Any], database: str, schema: str, identifier: str
    ) -> Any:
        near = relations_list
        if isinstance(identifier, str):
            wanted = identifier.lower()
            near = [each for each in near if _near(each, wanted)]
        return match(self, near, database, schema, identifier)

    return {_LIST: get_relations, _FORGET: release_references, _MATCH: _make_match}


def _near(relation: Any, identifier: str) -> bool:
    """Whether `BaseRelation.matches` may find that a relation has this identifier, or nearly so."""
    quote = relation.quote_character
    return bool(str(relation.path.identifier).lower().strip(quote) == identifier.strip(quote))


PATCH = Patch(
    "relations",
    (_LIST, _FORGET, _MATCH),
    _make,
    relies_on=("dbt.adapters.base.relation", "dbt.adapters.contracts.relation"),
    imports=(_CACHE, _ADAPTER),
)
