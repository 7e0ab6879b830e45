"""Runs dbt-runner in this interpreter and notes every statement that reaches DuckDB.

Arguments: the file for the statements (see `statements.py`), then dbt-runner's own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import statements
from dbt_runner.cli import main

if __name__ == "__main__":
    statements.install(Path(sys.argv.pop(1)))
    sys.exit(main())
