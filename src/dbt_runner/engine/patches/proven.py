"""What the patches were proven with: versions, and the text of the modules that count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PYTHONS = ((3, 11), (3, 12))

VERSIONS = {
    "Jinja2": "3.1.6",
    "agate": "1.9.1",
    "dbt-adapters": "1.24.5",
    "dbt-common": "1.38.0",
    "dbt-core": "1.11.16",
    "mashumaro": "3.14",
}
"""Those of `uv.lock`."""

DIGESTS: Mapping[str, Mapping[str, str]] = {
    "Jinja2": {
        "jinja2.compiler": "f51a42425e57f3c0",
        "jinja2.environment": "f6786b3fb0a1f8d6",
        "jinja2.nativetypes": "ec620600b54981dc",
        "jinja2.parser": "94b385cb7b049877",
        "jinja2.runtime": "80393e1af76b8895",
    },
    "agate": {
        "agate.data_types.base": "10a6d8ef4b3b9f02",
        "agate.table": "9c3a551c8eaa36da",
        "agate.type_tester": "77aa53c44cfd52c8",
    },
    "dbt-adapters": {
        "dbt.adapters.base.impl": "97008715d55958a3",
        "dbt.adapters.base.relation": "f8c20f012ab00a5c",
        "dbt.adapters.cache": "586cb87b09f3f89d",
        "dbt.adapters.contracts.relation": "64ed67ab52a62264",
        "dbt.adapters.factory": "f4df8b8d39f2a812",
    },
    "dbt-common": {
        "dbt_common.clients.agate_helper": "6a728a80a5793d29",
        "dbt_common.clients.jinja": "c0ac010ad2062973",
        "dbt_common.clients.system": "9e3f9b913e0931fd",
        "dbt_common.events.base_types": "181402fbdd595a7b",
        "dbt_common.events.event_manager": "30bd322ff751f495",
        "dbt_common.events.logger": "b2208ce3b5a78e20",
        "dbt_common.utils.encoding": "ebf91263616f18d6",
    },
    "dbt-core": {
        "dbt.artifacts.schemas.base": "a09b35daa8a6925b",
        "dbt.clients.jinja": "888aa9cacd5ffa97",
        "dbt.compilation": "c33b503ed9b61623",
        "dbt.config.project": "328e730ab3c3b4e1",
        "dbt.context.base": "ea60cb476ab5d2dc",
        "dbt.context.configured": "b55e713b55cd28a9",
        "dbt.context.exceptions_jinja": "9c25a37d668072d7",
        "dbt.context.macros": "52f9637d72893190",
        "dbt.context.manifest": "aee662677000a222",
        "dbt.context.providers": "2ff936a6ce2f1e6b",
        "dbt.context.query_header": "4895734029f56fc4",
        "dbt.context.target": "5b50d4eaa69aaffd",
        "dbt.contracts.graph.manifest": "1511879dd3f62f82",
        "dbt.graph.graph": "7314c8f164338ae6",
        "dbt.graph.queue": "53a196c2a823352f",
        "dbt.graph.selector": "2c075911f30b94ca",
        "dbt.graph.selector_methods": "ee586d58784c3621",
        "dbt.tracking": "1c61a931a2b4a661",
    },
    "mashumaro": {
        "mashumaro.config": "cceac9f24ff281ff",
        "mashumaro.core.meta.code.builder": "0eec1de06a6fdb91",
        "mashumaro.core.meta.mixin": "2ae96c16715aa16f",
        "mashumaro.jsonschema.schema": "705c4e00ac36bdd2",
        "mashumaro.mixins.dict": "fd63f31ee7d7cf5d",
    },
}
"""Distribution → module → digest of its source, as `gate.digest` makes it."""


@dataclass(frozen=True)
class Proof:
    """What a module was when the patches were proven."""

    distribution: str
    version: str
    digest: str


def proof(module: str) -> Proof:
    """What a module was.

    Raises:
        KeyError: none of the patches may touch or rely on it.
    """
    for distribution, digests in DIGESTS.items():
        if module in digests:
            return Proof(distribution, VERSIONS[distribution], digests[module])
    raise KeyError(module)
