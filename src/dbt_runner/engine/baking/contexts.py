"""What dbt hands to templates while it parses, and what it keeps of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dbt_runner.engine.baking.marks import HttpPath, derived, plain
from dbt_runner.engine.baking.origins import Origins
from dbt_runner.engine.baking.told import Told
from dbt_runner.engine.baking.watch import Watch

_FIXED = frozenset({"name", "target_name", "profile_name", "type"})
"""Fields of the target that are the same whatever the names are: a state serves one target."""


class _Flags:
    """dbt's flags; tells which are read."""

    def __init__(self, flags: Any, watch: Watch) -> None:
        self._flags = flags
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and not self._watch.passing:
            self._watch.flags.add(name)
        return getattr(self._flags, name)

    def __str__(self) -> str:
        self._watch.tell("writes all of dbt's flags")
        return str(self._flags)


class _Contexts:
    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._origins = Origins(watch.names.labelled())
        self._names = {watch.names.catalog, watch.names.schema}
        self._depth = 0

    # what is handed to templates

    def builtins(self, original: Any) -> Any:
        def generate_builtins(context: Any) -> dict[str, Any]:
            made: dict[str, Any] = original(context)
            if "target" in made:
                made["target"] = Told(made["target"], "the connection", self._field)
            if "env_var" in made:
                made["env_var"] = self._env_var(made["env_var"])
            made["flags"] = _Flags(made["flags"], self._watch)
            for name in ("run_started_at", "invocation_id", "thread_id"):
                if made.get(name) is not None:
                    made[name] = self._watch.varied(made[name], name)
            for name in ("invocation_args_dict", "dbt_metadata_envs"):
                if name in made:
                    made[name] = Told(made[name], name, self._varying(name), self._watch.tell)
            return made

        return generate_builtins

    def _field(self, key: str, value: Any) -> Any:
        if key in _FIXED or (isinstance(value, str) and value in self._names):
            return value
        if key == "http_path" and value:
            path = HttpPath(value)
            path.why, path.tell, path.certain = f"target.{key}", self._watch.tell, True
            return path
        return derived(value, f"target.{key}", self._watch.tell)

    def _varying(self, name: str) -> Callable[[str, Any], Any]:
        return lambda key, value: derived(value, f"{name}.{key}", self._watch.tell)

    def _env_var(self, original: Any) -> Any:
        def env_var(var: str, default: str | None = None) -> Any:
            if not self._watch.passing:
                self._watch.environment.add(str(var))
            return original(var, default)

        return env_var

    def variable(self, original: Any) -> Any:
        def asked(of: Any, var_name: str, *args: Any, **kwargs: Any) -> Any:
            if not self._watch.passing:
                self._watch.variables.add(str(var_name))
            return original(of, var_name, *args, **kwargs)

        return asked

    def profile(self, original: Any) -> Any:
        from dbt.config.renderer import ProfileRenderer

        def render_value(of: Any, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(of, ProfileRenderer):
                return original(of, *args, **kwargs)
            with self._watch.anew():
                return original(of, *args, **kwargs)

        return render_value

    def comment(self, original: Any) -> Any:
        def set_comment(*args: Any, **kwargs: Any) -> Any:
            # what stands in front of each statement is no part of a manifest
            with self._watch.anew():
                return original(*args, **kwargs)

        return set_comment

    # what is kept of them

    def render(self, original: Any) -> Any:
        import jinja2

        def render(template: Any, context: Any) -> Any:
            self._mark_time(context.get("model"))
            # what dbt renders to see calls only (`capture_macros`), it throws away
            kept = template.environment.undefined is jinja2.Undefined
            return self._follow(
                lambda: original(template, context),
                _unique_id(context.get("model")),
                kept=kept,
            )

        return render

    def _mark_time(self, model: Any) -> None:
        """Mark when a node was parsed; dbt makes the mapping for this context alone."""
        if isinstance(model, dict) and type(model.get("created_at")) is float:
            model["created_at"] = derived(model["created_at"], "the clock", self._watch.tell)

    def macro(self, original: Any) -> Any:
        def call_macro(generator: Any, *args: Any, **kwargs: Any) -> Any:
            def go() -> Any:
                return original(generator, *args, **kwargs)

            # called by dbt itself, it gives a name that dbt keeps
            place = _unique_id(generator.macro)
            if self._depth:
                with self._watch.at(place):
                    return go()
            return self._follow(go, place, kept=True)

        return call_macro

    def _follow(self, go: Callable[[], Any], place: str | None, *, kept: bool) -> Any:
        watch = self._watch
        before = len(watch.emitted)
        with watch.at(place):
            self._depth += 1
            try:
                with watch.whole():
                    result = go()
            finally:
                self._depth -= 1
            why = self._origins.derived(result)
            if why is None and len(watch.emitted) > before:
                why = watch.emitted[before]
            if why is None:
                return result
            if kept and not self._depth:
                watch.tell(f"keeps {why}")
                return plain(result)
            return derived(result, why, watch.tell)

    def placed(self, original: Any, place: Callable[..., str | None]) -> Any:
        def step(*args: Any, **kwargs: Any) -> Any:
            with self._watch.at(place(*args, **kwargs)):
                return original(*args, **kwargs)

        return step


@contextmanager
def installed(watch: Watch) -> Iterator[None]:
    """Tell what dbt's contexts are asked for, and judge what dbt keeps of what it renders.

    dbt-core 1.11: dbt/context/base.py, dbt/context/configured.py, dbt/config/renderer.py,
    dbt/parser/base.py, dbt/parser/schemas.py; dbt/adapters/base/query_headers.py 1.24;
    dbt_common/clients/jinja.py 1.38.
    """
    from dbt.adapters.base.query_headers import MacroQueryStringSetter
    from dbt.config.renderer import DbtProjectYamlRenderer, SecretRenderer
    from dbt.context.base import BaseContext, Var
    from dbt.context.configured import ConfiguredVar
    from dbt.parser.base import RelationUpdate
    from dbt.parser.schemas import SchemaParser
    from dbt_common.clients import jinja

    contexts = _Contexts(watch)

    def of_node(_: Any, node: Any, *__: Any) -> str | None:
        return _unique_id(node)

    def of_project(_: Any, project: dict[str, Any], *__: Any) -> str:
        return f"dbt_project.yml of {project.get('name')}"

    def of_file(_: Any, block: Any, *__: Any, **___: Any) -> str:
        return str(block.path.original_file_path)

    changes: list[tuple[Any, str, Callable[[Any], Any]]] = [
        (BaseContext, "generate_builtins", contexts.builtins),
        (Var, "__call__", contexts.variable),
        (Var, "has_var", contexts.variable),
        (ConfiguredVar, "__call__", contexts.variable),
        (SecretRenderer, "render_value", contexts.profile),
        (MacroQueryStringSetter, "set", contexts.comment),
        (jinja.MacroFuzzTemplate, "render", contexts.render),
        (jinja.NativeSandboxTemplate, "render", contexts.render),
        (jinja.CallableMacroGenerator, "call_macro", contexts.macro),
        (RelationUpdate, "__call__", lambda step: contexts.placed(step, of_node)),
        (DbtProjectYamlRenderer, "render_project", lambda step: contexts.placed(step, of_project)),
        (SchemaParser, "parse_file", lambda step: contexts.placed(step, of_file)),
    ]
    inherited = object()
    before = [(owner, name, vars(owner).get(name, inherited)) for owner, name, _ in changes]
    for owner, name, change in changes:
        setattr(owner, name, change(getattr(owner, name)))
    try:
        yield
    finally:
        for owner, name, original in before:
            if original is inherited:
                delattr(owner, name)
            else:
                setattr(owner, name, original)


def _unique_id(model: Any) -> str | None:
    found = model.get("unique_id") if isinstance(model, dict) else getattr(model, "unique_id", None)
    return found if isinstance(found, str) else None
