"""The graph of a run is made with what is needed of it (dbt/compilation.py, dbt-core 1.11).

- A cycle is looked for by sorting, and by dbt's own search only where there is one.
- Tests have few edges (see `edges.py`).
- dbt makes a graph anew for each command, and a run plans a command before that. Where nodes and
  dependencies are those of the graph before, its order, edges of tests and summaries are too.
- `graph_summary.json` holds a name and a type of each node. dbt serializes each node as a whole,
  twice, to read its type; here it is read from the node.
- `graph.gpickle`, each node serialized once more, is not written: it lies in a private folder, and
  is not among what is stored of a run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dbt_runner.engine.patches.edges import test_edges
from dbt_runner.engine.patches.patch import Patch

_COMPILATION = "dbt.compilation"
_CYCLES = f"{_COMPILATION}:Linker.find_cycles"
_EDGES = f"{_COMPILATION}:Linker.add_test_edges_1"
_SUMMARY = f"{_COMPILATION}:Linker.get_graph_summary"
_FILE = f"{_COMPILATION}:Compiler.write_graph_file"

Summary = dict[int, dict[str, Any]]


@dataclass
class _Known:
    """What was made of a graph.

    Attributes:
        shape: its nodes, each with those that depend on it, all in their order.
        order: its nodes, each behind those that it depends on.
        whole: the graph with edges of tests.
        summaries: by the number of edges, since those of tests come later.
    """

    shape: tuple[tuple[str, tuple[str, ...]], ...] = ()
    order: list[str] = field(default_factory=list)
    whole: Any = None
    summaries: dict[int, Summary] = field(default_factory=dict)


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    networkx = sys.modules["networkx"]
    last = _Known()

    def find_cycles(self: Any) -> str | None:
        nonlocal last
        shape = tuple((name, tuple(behind)) for name, behind in self.graph.adjacency())
        if shape != last.shape:
            try:
                order = list(networkx.topological_sort(self.graph))
            except networkx.NetworkXUnfeasible:
                found: str | None = originals[_CYCLES](self)
                return found
            last = _Known(shape, order)
        self.known = last
        return None

    def add_test_edges_1(self: Any, manifest: Any) -> None:
        known: _Known = self.known
        if known.whole is None:
            edges = _edges(self.graph, known.order, manifest)
            if edges is None:
                originals[_EDGES](self, manifest)
            else:
                self.graph.add_edges_from(edges, edge_type="parent_test")
            known.whole = self.graph
        self.graph = known.whole

    def get_graph_summary(self: Any, manifest: Any) -> Summary:
        known: _Known = self.known
        edges = self.graph.number_of_edges()
        if edges not in known.summaries:
            known.summaries[edges] = _summary(self.graph, manifest)
        return known.summaries[edges]

    def write_graph_file(self: Any, linker: Any, manifest: Any) -> None:
        pass

    return {
        _CYCLES: find_cycles,
        _EDGES: add_test_edges_1,
        _SUMMARY: get_graph_summary,
        _FILE: write_graph_file,
    }


def _edges(graph: Any, order: list[str], manifest: Any) -> list[tuple[str, str]] | None:
    """What waits for which test; `None` where dbt has to find it out."""
    nodes = manifest.nodes
    tests = {
        child: nodes[child].depends_on_nodes
        for children in manifest.child_map.values()
        for child in children
        if child.startswith("test.")
    }
    waits = {name for name in graph if name in nodes and nodes[name].resource_type != "test"}
    return test_edges(order, graph.pred, tests, waits)


def _summary(graph: Any, manifest: Any) -> Summary:
    numbers = {name: number for number, name in enumerate(graph)}
    summary: Summary = {}
    for name, number in numbers.items():
        summary[number] = {"name": name, "type": manifest.expect(name).resource_type.value}
        successors = [numbers[each] for each in graph.successors(name)]
        if successors:
            summary[number]["succ"] = successors
    return summary


PATCH = Patch(
    "graph",
    (_CYCLES, _EDGES, _SUMMARY, _FILE),
    _make,
    relies_on=("dbt.graph.graph", "dbt.graph.queue", "dbt.graph.selector"),
    imports=(_COMPILATION,),
)
