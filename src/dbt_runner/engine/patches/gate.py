"""Which patches are put in: those that were proven with exactly what is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dbt_runner.engine.patches.patch import NotProven, Patch
from dbt_runner.engine.patches.proven import PYTHONS, Proof, proof


@dataclass(frozen=True)
class Verdict:
    """Whether a patch is in.

    Attributes:
        patch: its name.
        refused: why it is not in; `None` if it is.
    """

    patch: str
    refused: str | None = None


@contextmanager
def applied(patches: Iterable[Patch]) -> Iterator[tuple[Verdict, ...]]:
    """Put patches in, those that can be, and take them out again at the end.

    A patch that is not proven for what is installed, or that cannot be put in, leaves dbt as it
    is; the others are not concerned. Not for two threads at once: patches hold in the process.
    """
    with ExitStack() as stack:
        verdicts = []
        for patch in patches:
            refused = None
            try:
                for name in patch.imports:
                    import_module(name)
                check(patch)
                stack.callback(patch.put_in())
            except NotProven as error:
                refused = str(error)
            except Exception as error:  # noqa: BLE001 - unpatched, dbt does the same, but slower
                refused = f"{type(error).__name__}: {' '.join(str(error).split())}"
            verdicts.append(Verdict(patch.name, refused))
        yield tuple(verdicts)


def check(patch: Patch, python: tuple[int, int] = sys.version_info[:2]) -> None:
    """Compare what is installed with what a patch was proven with.

    Raises:
        NotProven: something differs; the message says what.
    """
    if python not in PYTHONS:
        msg = f"Python {python[0]}.{python[1]} is none that it was proven with"
        raise NotProven(msg)
    proofs = {name: proof(name) for name in patch.modules()}
    for distribution, wanted in {(p.distribution, p.version) for p in proofs.values()}:
        found = _version(distribution)
        if found != wanted:
            msg = f"{distribution} is {found}; proven with {wanted}"
            raise NotProven(msg)
    for name, each in proofs.items():
        _check_text(name, each)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def _check_text(name: str, wanted: Proof) -> None:
    """Another build of the same version, or a file that was edited, is not what was proven."""
    found = digest(name)
    if found != wanted.digest:
        msg = f"{name}: another text than in {wanted.distribution} {wanted.version} ({found})"
        raise NotProven(msg)


def digest(module: str) -> str:
    """The digest of an imported module's source, 16 hexadecimal digits.

    Raises:
        NotProven: it is not imported, or its source is not there.
    """
    file = getattr(sys.modules.get(module), "__file__", None)
    try:
        return sha256(Path(file or "").read_bytes()).hexdigest()[:16]
    except OSError:
        msg = f"{module}: is not imported from a file"
        raise NotProven(msg) from None
