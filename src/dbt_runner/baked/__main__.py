"""`python -m dbt_runner.baked` is `dbt-runner bake` for the build, which has no console script."""

from __future__ import annotations

import sys

from dbt_runner.baked import command

command.run(sys.argv[1:])
