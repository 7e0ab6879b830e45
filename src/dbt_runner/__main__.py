"""`python -m dbt_runner`."""

from dbt_runner.cli import module_main
from dbt_runner.leaving import leave

if __name__ == "__main__":
    leave(module_main())
