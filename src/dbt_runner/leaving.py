"""The end of the console script's process."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End the process as `sys.exit` would, but for taking its objects apart one by one.

    That takes a fifth of a second for all that dbt makes. What is done before it, in the same
    order as `Py_FinalizeEx` (CPython 3.11 to 3.13): threads are waited for, but for daemons; what
    is registered to be done at the end is done; both outputs are flushed. Where that fails, such as
    into a closed pipe, Python itself ends, with its own words and exit code.

    Raises:
        SystemExit: Python is to end the process itself.
    """
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - no public name
        atexit._run_exitfuncs()  # noqa: SLF001 - no public name
        # what another one stands in for, such as in a test, may hold something yet
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            # there may be none, as under pythonw
            if stream is not None and not stream.closed:
                stream.flush()
    except (Exception, KeyboardInterrupt):  # noqa: BLE001 - happens again, and is told, in sys.exit
        sys.exit(code)
    os._exit(code)
