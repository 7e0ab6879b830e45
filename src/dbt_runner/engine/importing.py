"""dbt's import, which is most of what a short run does."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from dbt_runner.engine import generated_code
from dbt_runner.engine.patches.gate import Verdict, applied
from dbt_runner.engine.patches.listed import EARLY


@contextmanager
def imported(*, patches: bool) -> Iterator[tuple[Verdict, ...]]:
    """Import dbt; what makes that cheaper holds for what is imported later too, such as adapters.

    Args:
        patches: whether private parts may be replaced.
    """
    import_module("mashumaro.mixins.dict")
    with generated_code.kept(), applied(EARLY if patches else ()) as verdicts:
        _import()
        yield verdicts


def _import() -> None:
    handlers = list(logging.root.handlers)
    try:
        import_module("dbt.cli.main")
        import_module("dbt.adapters.factory")
        import_module("dbt.env_vars")
    finally:
        # snowplow_tracker, among what dbt imports, has all warnings go to standard error
        logging.root.handlers[:] = handlers
