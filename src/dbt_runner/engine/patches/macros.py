"""The macros of dbt and of its adapters are compiled once for all processes.

A short run calls some eighty of them, and dbt has Jinja compile each when it is first called: a
tenth of the run (`TemplateCache.get_node_template` of dbt_common/clients/jinja.py, 1.38). What
Jinja makes of a macro hangs on its text, and on the versions named here; so it is kept beside the
byte code of generated methods. A project's own macros are not: they are nobody's but the project's,
and this place is shared by all that use the environment.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import CodeType
from typing import Any

from dbt_runner.engine import generated_code
from dbt_runner.engine.patches.patch import Patch
from dbt_runner.engine.patches.proven import VERSIONS

_JINJA = "dbt_common.clients.jinja"
_FACTORY = "dbt.adapters.factory"
_GET = f"{_JINJA}:TemplateCache.get_node_template"
_KIND = f"macro of Jinja2 {VERSIONS['Jinja2']}, dbt-common {VERSIONS['dbt-common']}\n"


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    original = originals[_GET]
    jinja = sys.modules[_JINJA]
    shipped: Mapping[str, object] = sys.modules[_FACTORY].FACTORY.packages
    # with it, Jinja's own text of each macro is put where a debugger finds it
    if jinja.MACRO_DEBUGGING:
        return originals

    def get_node_template(self: Any, node: Any) -> Any:
        text = node.macro_sql
        if text in self.file_cache or node.package_name not in shipped:
            return original(self, node)
        with jinja.catch_jinja(node):
            # as `get_template` and `Environment.from_string` do
            environment = jinja.get_environment(node)

            def compiled() -> CodeType:
                code: CodeType = environment.compile(str(text))
                return code

            code = generated_code.current().get(_KIND + text, compiled)
            template = environment.template_class.from_code(
                environment, code, environment.make_globals({}), None
            )
        self.file_cache[text] = template
        return template

    return {_GET: get_node_template}


PATCH = Patch(
    "macros",
    (_GET,),
    _make,
    relies_on=(_FACTORY, "jinja2.compiler", "jinja2.environment", "jinja2.parser"),
)
