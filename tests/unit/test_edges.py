"""What waits for which test, against dbt's own edges."""

from __future__ import annotations

import json
import random
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import networkx as nx
import pytest

from dbt_runner.engine.patches import graph, queue, selection
from dbt_runner.engine.patches.edges import test_edges as edges_of
from dbt_runner.engine.patches.gate import applied
from dbt_runner.engine.patches.patch import Patch


class Manifest:
    """What `dbt/compilation.py` asks a manifest for."""

    def __init__(self, parents: dict[str, list[str]]) -> None:
        kinds = import_module("dbt.node_types").NodeType
        self.nodes: dict[str, Any] = {}
        self.child_map: dict[str, list[str]] = {name: [] for name in parents}
        self.all: dict[str, Any] = {}
        for name, above in parents.items():
            node = SimpleNamespace(
                unique_id=name, resource_type=kinds(name.split(".")[0]), depends_on_nodes=above
            )
            node.to_dict = lambda node=node, **_: {"resource_type": node.resource_type.value}
            self.all[name] = node
            if not name.startswith(("source.", "function.")):
                self.nodes[name] = node
            for each in above:
                self.child_map[each].append(name)

    def expect(self, name: str) -> Any:
        """The node of a name."""
        return self.all[name]


def linker_of(manifest: Manifest) -> Any:
    """dbt's linker with the nodes and dependencies of a project, looked through for cycles."""
    linker = import_module("dbt.compilation").Linker()
    for name, node in manifest.all.items():
        linker.add_node(name)
        for above in node.depends_on_nodes:
            linker.dependency(name, above)
    assert linker.find_cycles() is None
    return linker


def linked(manifest: Manifest, *, patched: bool) -> tuple[Any, Any]:
    """The graph with test edges, and its summary."""
    with applied([graph.PATCH] if patched else []) as verdicts:
        assert not any(verdict.refused for verdict in verdicts), verdicts
        linker = linker_of(manifest)
        linker.add_test_edges_1(manifest)
        return linker.graph, linker.get_graph_summary(manifest)


def closure(made: Any) -> set[tuple[str, str]]:
    """Who waits for whom."""
    return set(nx.transitive_closure(made).edges)


def project(seed: int) -> dict[str, list[str]]:
    """A project of any shape: parents by name, some of them nodes that wait for no test."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    kinds = ["model"] * 6 + ["seed", "snapshot", "source", "function"]
    names = [f"{dice.choice(kinds)}.p.n{number}" for number in range(dice.randint(1, 25))]
    width = dice.choice([1, 2, 4, 20])
    parents: dict[str, list[str]] = {}
    for number, name in enumerate(names):
        before = names[max(0, number - width) : number]
        roots = name.startswith(("source", "seed"))
        parents[name] = [] if roots else dice.sample(before, dice.randint(0, min(3, len(before))))
    for number in range(dice.randint(0, 25)):
        parents[f"test.p.t{number}"] = dice.sample(names, dice.randint(0, min(3, len(names))))
    shuffled = list(parents.items())
    dice.shuffle(shuffled)
    return dict(shuffled)


@pytest.mark.parametrize("seed", range(300))
def test_order_is_dbts(seed: int) -> None:
    """The transitive closure is that of dbt's edges, and no edge is one that it does not have."""
    manifest = Manifest(project(seed))
    stock, _ = linked(manifest, patched=False)
    ours, _ = linked(manifest, patched=True)
    assert closure(ours) == closure(stock)
    assert dict(ours.edges) == {edge: stock.edges[edge] for edge in ours.edges}


@pytest.mark.parametrize("seed", range(20))
def test_no_edge_too_many(seed: int) -> None:
    """An edge from a test says something that no other path says."""
    made, _ = linked(Manifest(project(seed)), patched=True)
    for edge in [edge for edge, data in made.edges.items() if data]:
        rest = made.copy()
        rest.remove_edge(*edge)
        assert not nx.has_path(rest, *edge)


def test_chain_is_linear() -> None:
    """A chain with a test between neighbours has two edges for each model, not n²."""
    parents: dict[str, list[str]] = {"model.p.0": []}
    for number in range(1, 300):
        parents[f"model.p.{number}"] = [f"model.p.{number - 1}"]
        parents[f"test.p.{number}"] = [f"model.p.{number}", f"model.p.{number - 1}"]
    made, _ = linked(Manifest(parents), patched=True)
    assert sum(bool(data) for data in made.edges.values()) == 298


def test_what_stands_behind_a_test() -> None:
    """Where dbt's edges would hang on the order of its search, they are left to dbt."""
    behind = {"a": [], "test.t": ["a"], "b": ["test.t"]}
    assert edges_of(behind, behind, {"test.t": ["a"]}, {"a", "b"}) is None
    of_test = {"a": [], "test.t": ["a"], "test.u": ["test.t"]}
    tests = {"test.t": ["a"], "test.u": ["test.t"]}
    assert edges_of(of_test, of_test, tests, {"a"}) is None


def test_summary_is_dbts() -> None:
    """Without test edges the summary of the graph is the same to the byte."""
    manifest = Manifest(project(7))
    made = []
    for patches in ([], [graph.PATCH]):
        with applied(patches):
            made.append(json.dumps(linker_of(manifest).get_graph_summary(manifest)))
    assert made[0] == made[1]


def test_same_graph_again() -> None:
    """A second command over the same nodes gets what the first one got; over others, its own."""
    one, other = Manifest(project(7)), Manifest(project(8))
    with applied([graph.PATCH]):
        made = []
        for manifest in (one, other, other, one):
            linker = linker_of(manifest)
            before = linker.get_graph_summary(manifest)
            linker.add_test_edges_1(manifest)
            made.append((linker.graph, before, linker.get_graph_summary(manifest)))
    assert made[1] == made[2]
    assert made[1][0] is made[2][0]
    for (found, before, after), manifest in zip(made, (one, other, other, one), strict=True):
        alone, summary = linked(manifest, patched=True)
        assert (dict(found.edges), after) == (dict(alone.edges), summary)
        assert not set(linker_of(manifest).graph.edges) - {*found.edges}
        assert len(before) == len(after)


@pytest.mark.parametrize("seed", range(40))
def test_scores_are_dbts(seed: int) -> None:
    """What comes first in the queue is what comes first with dbt."""
    made, _ = linked(Manifest(project(seed)), patched=True)
    scores = []
    for patches in ([], [queue.PATCH]):
        with applied(patches) as verdicts:
            assert not any(verdict.refused for verdict in verdicts), verdicts
            kind = import_module("dbt.graph.queue").GraphQueue
            scores.append(kind._get_scores(object.__new__(kind), made))
    assert scores[0] == scores[1]


@pytest.mark.parametrize("patches", [[], [graph.PATCH]])
def test_cycle_is_told(patches: list[Patch]) -> None:
    """A cycle is told as dbt tells it, and the graph before it is not taken for this one."""
    with applied(patches):
        linker_of(Manifest(project(7)))
        linker = import_module("dbt.compilation").Linker()
        for name, above in (("a", "b"), ("b", "c"), ("c", "a")):
            linker.dependency(name, above)
        assert linker.find_cycles() == "a --> c --> b"


@pytest.mark.parametrize("left_out", [0, 1, 5])
def test_selection_from_a_part(left_out: int) -> None:
    """A view of all nodes shows what the graph shows; one of some leaves the others out."""
    kind = import_module("dbt.graph.graph").Graph
    made, _ = linked(Manifest(project(7)), patched=False)
    wanted = {*list(made)[left_out:]}
    found = []
    for patches in ([], [selection.PATCH]):
        with applied(patches) as verdicts:
            assert not any(verdict.refused for verdict in verdicts), verdicts
            part = kind(made).subgraph(wanted)
            found.append((part.nodes(), {*part.edges()}, part.select_children({*list(made)[-3:]})))
    assert found[0] == found[1]
    assert len(found[0][0]) == len(made) - left_out


@pytest.mark.parametrize("selector", ["*", "shop", "shop.*", "a_model", "a_model.v1", "none", "**"])
def test_names_are_matched_as_by_dbt(selector: str) -> None:
    """`*` matches each name that is none of a source, and other selectors what dbt finds."""
    method = import_module("dbt.graph.selector_methods").QualifiedNameSelectorMethod
    fqns = (["shop", "a_model", "v1"], ["shop", "deep.er", "b"], ["other", "c"])
    nodes = {
        f"model.{number}": SimpleNamespace(fqn=fqn, is_versioned="v1" in fqn)
        for number, fqn in enumerate(fqns)
    }
    found = []
    for patches in ([], [selection.PATCH]):
        with applied(patches) as verdicts:
            assert not any(verdict.refused for verdict in verdicts), verdicts
            asked = object.__new__(method)
            asked.non_source_nodes = lambda names: ((n, nodes[n]) for n in names)
            found.append(set(asked.search({*nodes}, selector)))
    assert found[0] == found[1]
    assert (selector in {"*", "**"}) == (found[0] == {*nodes})
