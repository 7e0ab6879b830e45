"""`python -m dbt_runner`."""

import sys

from dbt_runner.cli import module_main

if __name__ == "__main__":
    sys.exit(module_main())
