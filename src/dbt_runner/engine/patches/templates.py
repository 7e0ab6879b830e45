"""A template that was compiled before is not compiled again.

dbt-common 1.38 compiles a template each time it renders a text (`clients/jinja.py`), and generic
tests are alike: all that test for null have the same text, and those of one model the same
arguments. To render arguments to their native types, Jinja 3.1 also copies the whole context.

What Jinja compiles hangs on the text and on the kind of environment: each kind of dbt's always has
the same filters and extensions. Only where dbt captures macros, while parsing, an environment has
undefined values of its own; it compiles for itself.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from dbt_runner.engine.patches.patch import ABSENT, NotProven, Patch

_JINJA = "dbt_common.clients.jinja"
_COMPILE = f"{_JINJA}:MacroFuzzEnvironment.compile"
_CONTEXT = f"{_JINJA}:NativeSandboxTemplate.new_context"

_KEPT = 1024
"""Compiled templates that are kept, a few KiB each; the tests of a model follow soon."""


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    if any(originals[site] is not ABSENT for site in (_COMPILE, _CONTEXT)):
        msg = "dbt_common has methods of its own where Jinja's were to be replaced"
        raise NotProven(msg)
    jinja, ours = sys.modules["jinja2"], sys.modules[_JINJA]
    compile_anew = jinja.Environment.compile
    kept: dict[tuple[type, str], Any] = {}

    def compile(self: Any, source: Any, *arguments: Any, **keywords: Any) -> Any:  # noqa: A001
        special = arguments or keywords or type(source) is not str or ours.MACRO_DEBUGGING
        if special or self.undefined is not jinja.Undefined:
            return compile_anew(self, source, *arguments, **keywords)
        key = type(self), source
        found = kept.get(key)
        if found is None:
            if len(kept) >= _KEPT:
                kept.clear()
            found = kept[key] = compile_anew(self, source)
        return found

    return {_COMPILE: compile, _CONTEXT: ours.MacroFuzzTemplate.new_context}


PATCH = Patch(
    "templates",
    (_COMPILE, _CONTEXT),
    _make,
    relies_on=("jinja2.compiler", "jinja2.environment", "jinja2.nativetypes", "jinja2.runtime"),
)
