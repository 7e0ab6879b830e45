"""How soon a run's first model reaches the database, against plain `dbt build`, cold and warm.

The projects fail at their second model, so that a build ends soon after what is measured. How the
first statement is dated stands in `tests/generated_project.py`.
"""

from __future__ import annotations

import sys

from builds import Built, measure
from contenders import COLD, FACTORY, UNPATCHED, WARM
from places import DuckDb
from sizes import Size

COLD_GOALS = {"10": 0.45, "300": 0.25, "1000": 0.12, "3000": 0.065}
WARM_GOALS = {"10": 0.75, "300": 0.60, "1000": 0.42, "3000": 0.30, "chain_600": 0.25}


def main() -> int:
    """Print the figures."""
    reached = True
    for size in Size.wanted("MODELS", "10,300,1000,3000,chain-600,macros-300"):
        rounds = measure(size, DuckDb(), fails=True)
        reached &= rounds.tell("first_sql_vs_cold", _first_sql, COLD, goals=COLD_GOALS)
        reached &= rounds.tell("first_sql_vs_warm", _first_sql, WARM, goals=WARM_GOALS)
        rounds.tell("first_sql_vs_factory", _first_sql, FACTORY)
        for other, theirs in (("cold", COLD), ("warm", WARM)):
            rounds.tell(f"first_sql_unpatched_vs_{other}", _first_sql, theirs, ours=UNPATCHED)
    return 0 if reached else 1


def _first_sql(built: Built) -> float:
    return built.first_sql


if __name__ == "__main__":
    sys.exit(main())
