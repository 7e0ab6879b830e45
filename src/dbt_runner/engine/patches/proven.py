"""What the patches were proven with: versions, and the text of the modules that count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PYTHONS = ((3, 11), (3, 12))

VERSIONS = {
    "dbt-common": "1.38.0",
    "dbt-core": "1.11.16",
    "mashumaro": "3.14",
}
"""Those of `uv.lock`."""

DIGESTS: Mapping[str, Mapping[str, str]] = {
    "dbt-common": {
        "dbt_common.events.base_types": "181402fbdd595a7b",
        "dbt_common.events.event_manager": "30bd322ff751f495",
        "dbt_common.events.logger": "b2208ce3b5a78e20",
    },
    "dbt-core": {
        "dbt.tracking": "1c61a931a2b4a661",
    },
    "mashumaro": {
        "mashumaro.config": "cceac9f24ff281ff",
        "mashumaro.core.meta.code.builder": "0eec1de06a6fdb91",
        "mashumaro.core.meta.mixin": "2ae96c16715aa16f",
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
