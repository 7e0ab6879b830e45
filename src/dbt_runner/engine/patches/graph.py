"""The graph of a run is made with what is needed of it (dbt/compilation.py, dbt-core 1.11).

- Tests have few edges (see `edges.py`).
- `graph_summary.json` holds a name and a type of each node. dbt serializes each node as a whole,
  twice, to read its type; here it is read from the node.
- `graph.gpickle`, each node serialized once more, is not written: it lies in a private folder, and
  is not among what is stored of a run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from dbt_runner.engine.patches.edges import test_edges
from dbt_runner.engine.patches.patch import Patch

_COMPILATION = "dbt.compilation"
_EDGES = f"{_COMPILATION}:Linker.add_test_edges_1"
_SUMMARY = f"{_COMPILATION}:Linker.get_graph_summary"
_FILE = f"{_COMPILATION}:Compiler.write_graph_file"


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    compilation = sys.modules[_COMPILATION]
    networkx, a_test = compilation.nx, compilation.NodeType.Test

    def add_test_edges_1(self: Any, manifest: Any) -> None:
        nodes = manifest.nodes
        tests = {
            child: nodes[child].depends_on_nodes
            for children in manifest.child_map.values()
            for child in children
            if child.startswith("test.")
        }
        waits = {
            name for name in self.graph if name in nodes and nodes[name].resource_type != a_test
        }
        order = list(networkx.topological_sort(self.graph))
        edges = test_edges(order, self.graph.pred, tests, waits)
        if edges is None:
            originals[_EDGES](self, manifest)
            return
        self.graph.add_edges_from(edges, edge_type="parent_test")

    def get_graph_summary(self: Any, manifest: Any) -> dict[int, dict[str, Any]]:
        numbers = {name: number for number, name in enumerate(self.graph)}
        summary: dict[int, dict[str, Any]] = {}
        for name, number in numbers.items():
            summary[number] = {"name": name, "type": manifest.expect(name).resource_type.value}
            successors = [numbers[each] for each in self.graph.successors(name)]
            if successors:
                summary[number]["succ"] = successors
        return summary

    def write_graph_file(self: Any, linker: Any, manifest: Any) -> None:
        pass

    return {_EDGES: add_test_edges_1, _SUMMARY: get_graph_summary, _FILE: write_graph_file}


PATCH = Patch(
    "graph",
    (_EDGES, _SUMMARY, _FILE),
    _make,
    relies_on=("dbt.graph.graph", "dbt.graph.queue"),
    imports=(_COMPILATION,),
)
