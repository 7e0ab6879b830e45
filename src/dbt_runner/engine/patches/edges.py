"""Which edges make a build wait for tests: as few as say the same as dbt's.

In `dbt build` a node waits for the tests of what is upstream of it: for each test all of whose
nodes are upstream (`Linker.add_test_edges_1` of dbt/compilation.py, dbt-core 1.11). dbt has an edge
for each such pair, and looks at all that is upstream of each node to find them: in a chain of n
models that is n² edges, and all that works on the graph afterwards pays for each of them. Here a
test has an edge to the first nodes only that wait for it: the others stand behind those. What waits
for what, the transitive closure, is the same, and with it the order, the depth and what is skipped
after a failure. (dbt's own `--use-fast-test-edges` lets go of some pairs, so it is no way out.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def test_edges(
    order: Iterable[str],
    parents: Mapping[str, Iterable[str]],
    tests: Mapping[str, Collection[str]],
    waits: Collection[str],
) -> list[tuple[str, str]] | None:
    """The edges, as (test, node that waits for it).

    Args:
        order: all nodes, each after its parents.
        parents: of each node.
        tests: what each test depends on.
        waits: the nodes that wait for tests; others, such as a source or a function, do not, but
            what is upstream of them counts.

    Returns:
        `None` where something stands behind a test without that: dbt's way is the only one then.
    """
    names = list(tests)
    bits, watching, needs = _sets(tests.values())
    if not bits.keys().isdisjoint(tests):
        return None
    edges = []
    # sets as bits: what is upstream; tests that are waited for; tests that may be further down
    above: dict[str, int] = {}
    known: dict[str, int] = {}
    ahead: dict[str, int] = {}
    for node in order:
        if node in tests:
            continue
        upstream = reached = possible = 0
        for parent in parents[node]:
            if parent in tests:
                return None
            upstream |= above[parent] | bits.get(parent, 0)
            reached |= known[parent]
            possible |= ahead[parent] | watching.get(parent, 0)
        possible &= ~reached
        if node in waits:
            for number in _numbers(possible):
                if not needs[number] & ~upstream:
                    edges.append((names[number], node))
                    reached |= 1 << number
            possible &= ~reached
        above[node], known[node], ahead[node] = upstream, reached, possible
    return edges


def _sets(tests: Iterable[Collection[str]]) -> tuple[dict[str, int], dict[str, int], list[int]]:
    """A bit for each node that is tested; the tests of each, as bits; the nodes of each test."""
    bits: dict[str, int] = {}
    watching: dict[str, int] = {}
    needs = []
    for number, nodes in enumerate(tests):
        need = 0
        for node in nodes:
            need |= bits.setdefault(node, 1 << len(bits))
            watching[node] = watching.get(node, 0) | 1 << number
        needs.append(need)
    return bits, watching, needs


def _numbers(bits: int) -> Iterable[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
