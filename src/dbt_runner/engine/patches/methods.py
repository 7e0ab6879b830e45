"""Methods that a class may never need are not written for each class anew.

dbt has mashumaro write a class's serializers on their first use (`lazy_compilation` of
dbt_common/dataclass_schema.py, 1.38). Until then a stub stands for each: four texts for each of
four hundred classes, made and compiled while dbt is imported (`_add_pack_method_lines_lazy` and
`_add_unpack_method_lines_lazy` of mashumaro/core/meta/code/builder.py, 3.14). The text of a stub
hangs on the format and on a few options, not on the class, and it asks for the class when it is
called. So it is made for the first class of its kind, and the others share the function.

Classes that dbt imports beside its own, such as those of mashumaro's JSON schemas, are not lazy;
here every class is whose options do not say otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from dbt_runner.engine.patches.patch import Patch

_HOME = "mashumaro.mixins.dict"
_PACKER = f"{_HOME}:compile_mixin_packer"
_UNPACKER = f"{_HOME}:compile_mixin_unpacker"
_CONFIG = "mashumaro.config"
_LAZY = f"{_CONFIG}:BaseConfig.lazy_compilation"


def _shared(original: Callable[..., None], config: Any) -> Callable[..., None]:
    made: dict[object, dict[str, Any]] = {}

    def compile_mixin(cls: type, **parameters: Any) -> None:
        kind = _kind(cls, parameters, config)
        if kind is None:
            original(cls, **parameters)
        elif kind in made:
            for name, method in made[kind].items():
                setattr(cls, name, method)
        else:
            before = dict(vars(cls))
            original(cls, **parameters)
            made[kind] = {
                name: value for name, value in vars(cls).items() if before.get(name) is not value
            }

    return compile_mixin


def _kind(cls: type, parameters: Mapping[str, Any], config: Any) -> object:
    """What a class's stubs hang on; `None` if its methods are written at once."""
    own: Any = getattr(cls, "Config", config.BaseConfig)
    if not (issubclass(own, config.BaseConfig) and own.lazy_compilation):
        return None
    # these have further stubs, which hold what belongs to the class
    if config.ADD_DIALECT_SUPPORT in own.code_generation_options or own.dialect is not None:
        return None
    if parameters.get("encoder_kwargs"):
        return None
    return (
        *sorted((name, id(value)) for name, value in parameters.items()),
        *own.code_generation_options,
        own.omit_none,
        own.serialize_by_alias,
    )


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    config = sys.modules[_CONFIG]
    return {
        _PACKER: _shared(originals[_PACKER], config),
        _UNPACKER: _shared(originals[_UNPACKER], config),
        _LAZY: True,
    }


PATCH = Patch(
    "methods",
    (_PACKER, _UNPACKER, _LAZY),
    _make,
    relies_on=("mashumaro.core.meta.code.builder", "mashumaro.core.meta.mixin"),
)
