"""Default values in JSON schemas are worked out once for each type.

dbt checks a project, a profile and its flags against schemas that mashumaro makes of their classes.
For each field with a default a class is made, only to serialize that value (`_default` of
mashumaro/jsonschema/schema.py, 3.14). What comes of `None`, a number or a text hangs on the field's
type and on the options of its class, and these are few.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dbt_runner.engine.patches.patch import Patch

_DEFAULT = "mashumaro.jsonschema.schema:_default"
_PLAIN = frozenset({type(None), bool, int, str})


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    original = originals[_DEFAULT]
    # with the types themselves, so that no other object can have the id of one
    known: dict[tuple[int, type, object, type], tuple[Any, Any]] = {}

    def _default(f_type: Any, f_value: Any, config_cls: type) -> Any:
        if type(f_value) not in _PLAIN:
            return original(f_type, f_value, config_cls)
        key = (id(f_type), type(f_value), f_value, config_cls)
        if key in known:
            return known[key][1]
        found = original(f_type, f_value, config_cls)
        if type(found) in _PLAIN:
            known[key] = f_type, found
        return found

    return {_DEFAULT: _default}


PATCH = Patch("schemas", (_DEFAULT,), _make)
