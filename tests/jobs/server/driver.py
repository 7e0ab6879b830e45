"""Runs the entry point of a wheel in the wheel's environment, as the driver of a job does.

`python driver.py TOLD` with a JSON object: package_name, entry_point, parameters, and the file that
an error is written to. Imports nothing of the bench: it stands in another environment.

`entry_point` is looked up by name in the distribution's entry points, in any group, else as a
function of the package (docs: api/workspace/jobs/create, `python_wheel_task.entry_point`). The
driver is an interactive shell: `SystemExit`, even 0, is an exception like others there
(github.com/kedro-org/kedro/issues/1807, MicrosoftDocs/azure-docs#116964).
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path


def entry_point(package: str, name: str) -> Callable[[], object]:
    """The function of that name."""
    for found in metadata.distribution(package).entry_points:
        if found.name == name:
            loaded: Callable[[], object] = found.load()
            return loaded
    function: Callable[[], object] = getattr(import_module(package), name)
    return function


def main() -> int:
    """Call it; 1 if it ended in any exception."""
    told = json.loads(sys.argv[1])
    sys.argv = [told["package_name"], *told["parameters"]]
    try:
        entry_point(told["package_name"], told["entry_point"])()
    except BaseException as error:  # noqa: BLE001 - the shell shows every end but a return
        trace = traceback.format_exc()
        last = traceback.format_exception_only(error)[-1].strip()
        text = json.dumps({"error": last, "error_trace": trace})
        Path(told["error_file"]).write_text(text, encoding="utf-8")
        sys.stdout.flush()
        sys.stderr.write(trace)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
