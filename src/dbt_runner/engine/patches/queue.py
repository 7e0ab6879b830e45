"""A node's score in the queue is how deep it lies in the graph (dbt/graph/queue.py, dbt-core 1.11).

dbt finds that out for each connected part of the graph by itself, through a filter. No edge leads
from one part to another, so the depth is the same in the whole.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from dbt_runner.engine.patches.patch import Patch

_QUEUE = "dbt.graph.queue"
_SCORES = f"{_QUEUE}:GraphQueue._get_scores"


def _make(_: Mapping[str, Any]) -> Mapping[str, Any]:
    networkx = sys.modules["networkx"]

    def _get_scores(_: Any, graph: Any) -> dict[str, int]:
        depths = enumerate(networkx.topological_generations(graph))
        return {name: depth for depth, names in depths for name in names}

    return {_SCORES: _get_scores}


PATCH = Patch("queue", (_SCORES,), _make, imports=(_QUEUE,))
