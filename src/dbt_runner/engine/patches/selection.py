"""Selecting everything asks nothing of each node (dbt/graph/, dbt-core 1.11).

- dbt selects from a view of the graph that leaves out what is disabled or empty. Mostly nothing is,
  and the view asks its filter for each node and edge all the same.
- Without `--select` dbt looks for names that match `*`; each does.

A build does both four times, once of them for the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dbt_runner.engine.patches.patch import Patch

_SUBGRAPH = "dbt.graph.graph:Graph.subgraph"
_SEARCH = "dbt.graph.selector_methods:QualifiedNameSelectorMethod.search"


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    def subgraph(self: Any, nodes: Iterable[str]) -> Any:
        wanted = set(nodes)
        if wanted.issuperset(self.graph):
            return type(self)(self.graph)
        return originals[_SUBGRAPH](self, wanted)

    def search(self: Any, included_nodes: set[str], selector: str) -> Iterator[str]:
        if selector == "*":
            return (unique_id for unique_id, _ in self.non_source_nodes(included_nodes))
        found: Iterator[str] = originals[_SEARCH](self, included_nodes, selector)
        return found

    return {_SUBGRAPH: subgraph, _SEARCH: search}


PATCH = Patch("selection", (_SUBGRAPH, _SEARCH), _make, relies_on=("dbt.graph.selector",))
