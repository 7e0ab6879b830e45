"""What a whole run takes, against plain `dbt build`: wall and processor time, and memory.

On DuckDB, where what dbt itself does is nearly all of it; and, where `LATENCIES` lists
milliseconds, on the warehouse bench, where each statement waits so long before the engine gets it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from builds import Built, Rounds, measure
from contenders import COLD, FACTORY, UNPATCHED, WARM
from places import DuckDb, warehouse
from sizes import Size

COLD_GOALS = {"10": 0.45, "300": 0.40, "1000": 0.38, "3000": 0.40}
NEVER_ABOVE = 1.0
LATENCIES = [float(each) for each in os.environ.get("LATENCIES", "").split(",") if each]


def main() -> int:
    """Print the figures."""
    reached = True
    for size in Size.wanted("MODELS", "10,300,1000,3000,chain-600,macros-300"):
        reached &= _told(measure(size, DuckDb()))
    if LATENCIES:
        reached &= _with_latency()
    return 0 if reached else 1


def _told(rounds: Rounds) -> bool:
    reached = rounds.tell("wall_vs_cold", _wall, COLD, goals=COLD_GOALS)
    rounds.tell("wall_vs_warm", _wall, WARM)
    rounds.tell("wall_vs_factory", _wall, FACTORY)
    # warm, since least of it is the parse there
    rounds.tell("cpu_per_node_vs_plain", _cpu_per_node, WARM, unit="ms")
    rounds.tell("peak_memory_vs_plain", _memory, COLD, unit="MiB")
    rounds.tell("wall_unpatched_vs_cold", _wall, COLD, ours=UNPATCHED)
    rounds.tell("cpu_per_node_unpatched_vs_plain", _cpu_per_node, WARM, ours=UNPATCHED, unit="ms")
    return reached


def _with_latency() -> bool:
    reached = True
    with (
        tempfile.TemporaryDirectory(prefix="bench-wall-") as name,
        warehouse(Path(name, "front")) as place,
    ):
        for size in Size.wanted("WAREHOUSE_MODELS", "10"):
            for latency in LATENCIES:
                place.wait(latency / 1000)
                rounds = measure(size, place)
                for other, theirs in (("cold", COLD), ("warm", WARM)):
                    figure = f"wall_vs_{other}_latency_{latency:g}"
                    goals = {size.label: NEVER_ABOVE}
                    reached &= rounds.tell(figure, _wall, theirs, goals=goals)
    return reached


def _wall(built: Built) -> float:
    return built.wall


def _memory(built: Built) -> float:
    return built.memory


def _cpu_per_node(built: Built) -> float:
    return built.cpu_per_node


if __name__ == "__main__":
    sys.exit(main())
