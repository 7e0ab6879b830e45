"""A selection looks at a graph itself where all of its nodes are wanted (dbt/graph/graph.py, 1.11).

dbt selects from a view that leaves out what is disabled or empty. Mostly nothing is, and the view
asks its filter for each node and edge all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dbt_runner.engine.patches.patch import Patch

_SUBGRAPH = "dbt.graph.graph:Graph.subgraph"


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    def subgraph(self: Any, nodes: Iterable[str]) -> Any:
        wanted = set(nodes)
        if wanted.issuperset(self.graph):
            return type(self)(self.graph)
        return originals[_SUBGRAPH](self, wanted)

    return {_SUBGRAPH: subgraph}


PATCH = Patch("selection", (_SUBGRAPH,), _make, relies_on=("dbt.graph.selector",))
