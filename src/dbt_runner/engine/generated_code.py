"""Byte code of the methods that are generated as text when classes are made.

Importing dbt makes two thousand classes; `dataclasses` and mashumaro write methods of theirs as
text and have Python compile it, each time anew: a fifth of the import. Here it is compiled once and
kept beside the byte code of this module, as Python keeps that of modules: in the same folder, under
the same conditions, and trusted as much. A text is the key to what was compiled from it, so a
change of any package just misses.
"""

from __future__ import annotations
import __future__

import marshal
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

_GENERATORS = ("dataclasses", "mashumaro.core.meta.code.builder")
"""Modules whose `exec` of a text makes methods."""
_CHANGING = re.compile("[0-9a-f]{32}")
"""What is in a text that no other process has: a name that mashumaro chose at random."""
_MOST = 8_000
"""Texts to keep; with more, such as after many upgrades, keeping begins anew."""


class GeneratedCode:
    """What was compiled, by its text; read from a file and written back to it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, CodeType] = {}
        self._new = False

    def read(self) -> None:
        """Take over what an earlier process kept; what is broken or of another Python is not."""
        with suppress(OSError, ValueError, EOFError, TypeError):
            data = self._file.read_bytes()
            if data.startswith(MAGIC_NUMBER):
                self._known = dict(marshal.loads(data[len(MAGIC_NUMBER) :]))  # noqa: S302 - as .pyc

    def keep(self) -> None:
        """Write down what was new, unless Python is not to write byte code, or cannot there."""
        if not self._new or sys.dont_write_bytecode:
            return
        self._new = False
        data = MAGIC_NUMBER + marshal.dumps(self._known)
        with suppress(OSError):
            handle, draft = tempfile.mkstemp(dir=self._file.parent, prefix=f"{self._file.name}.")
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(data)
                Path(draft).chmod(0o644)
                Path(draft).replace(self._file)
            except OSError:
                Path(draft).unlink(missing_ok=True)
                raise

    def get(self, text: str, compiled: Callable[[], CodeType]) -> CodeType:
        """What was compiled from a text; it is kept if that was just now.

        Args:
            text: all that the code hangs on, beside Python's version.
        """
        found = self._known.get(text)
        if found is None:
            found = compiled()
            if not _CHANGING.search(text):
                if len(self._known) >= _MOST:
                    self._known = {}
                self._known[text] = found
                self._new = True
        return found

    def execute(self, text: Any, names: dict[str, Any], local: Any = None) -> None:
        """What `exec` does."""
        if type(text) is str:
            text = self.get(text, partial(compile, text, "<string>", "exec", dont_inherit=True))
        exec(text, names, local)  # noqa: S102 - what the generator was about to do


_current = GeneratedCode(Path(os.devnull))


def current() -> GeneratedCode:
    """That of the run that is going on."""
    return _current


@contextmanager
def kept() -> Iterator[None]:
    """Compile nothing that an earlier process has compiled, and keep what this one compiles."""
    global _current  # noqa: PLW0603 - what it serves holds in the process too
    _current = GeneratedCode(Path(cache_from_source(__file__)).with_suffix(".generated"))
    _current.read()
    generators = [vars(module) for module in map(import_module, _GENERATORS) if _fits(module)]
    for names in generators:
        # found before the built-in function of that name
        names["exec"] = _current.execute
    try:
        yield
    finally:
        for names in generators:
            names.pop("exec", None)
        _current.keep()


def _fits(module: ModuleType) -> bool:
    """Whether its texts are compiled as they stand: `from __future__` would colour them."""
    return not any(
        isinstance(value, type(__future__.annotations)) for value in vars(module).values()
    )
