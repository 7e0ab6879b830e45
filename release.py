"""Makes dist/: the wheel with its baked parse states, and what pins, locks and lists the rest.

- `constraints.txt`: exact versions of every dependency, extras included, for environments that
  install the wheel beside it (`-c constraints.txt`);
- `requirements.lock`: the wheel and its dependencies without extras, each with its hashes, for
  `pip install --require-hashes -r requirements.lock` (or uv's), called in the folder that holds it;
- `<wheel's name>.cdx.json`: the same list as a CycloneDX bill of materials.

All of it follows from the commit and `uv.lock`: made twice, it is the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import uuid
from collections import defaultdict
from pathlib import Path
from typing import Any

from hatch_build import PARSE_STATE, shipped_files

ROOT = Path(__file__).resolve().parent

SHIPPED_PROJECT = "dbt_runner/dbt_project/"
"""Where the wheel holds the dbt project."""

EXPORT = ["export", "--quiet", "--offline", "--locked", "--no-default-groups"]
NO_COMMENTS = ["--no-emit-project", "--no-header", "--no-annotate"]


def main() -> None:
    """Make dist/ anew."""
    parser = argparse.ArgumentParser(description="Makes dist/.")
    parser.add_argument("--uv", default=os.environ.get("UV", "uv"), help="exports the lock")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="made anew")
    parser.add_argument(
        "--names",
        default="parametric",
        choices=["parametric", "declared"],
        help="the baked parse states serve any catalog and schema, or the declared ones alone",
    )
    options = parser.parse_args()
    out: Path = options.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="dbt-runner-build-") as folder:
        baked = bake(Path(folder), options.names)
        wheel = build_wheel(out, baked)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    write_constraints(options.uv, out)
    write_requirements(options.uv, wheel, digest)
    write_bill_of_materials(options.uv, wheel, digest)
    for path in sorted(out.iterdir()):
        print(f"{path.stat().st_size:>9}  {path.name}")


def bake(folder: Path, names: str = "parametric") -> Path:
    """Parse the dbt project as it is shipped, for each of its targets; says what became of each.

    Args:
        folder: an empty one.
        names: of what the states are made, as `dbt-runner bake --names` takes it.

    Returns:
        The folder of the states.
    """
    project, states = folder / "project", folder / "states"
    for source, target in shipped_files(ROOT).items():
        if target.startswith(SHIPPED_PROJECT):
            copy = project / target.removeprefix(SHIPPED_PROJECT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / source, copy)
    command = [sys.executable, "-m", "dbt_runner", "bake"]
    options = [f"--project-dir={project}", f"--output={states}", f"--names={names}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    print(run([*command, *options], environment), end="")
    return states


def build_wheel(out: Path, baked: Path | None = None) -> Path:
    """Build the wheel with the backend of this environment, which needs no network.

    Args:
        out: the folder for it.
        baked: the folder of the parse states that it brings along.
    """
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    environment = {k: v for k, v in os.environ.items() if k != PARSE_STATE}
    if baked:
        environment[PARSE_STATE] = str(baked)
    run([*command, "--directory", str(out)], environment)
    [wheel] = out.glob("*.whl")
    return wheel


def write_constraints(uv: str, out: Path) -> None:
    """Pin every dependency, those of the extras too: a constraint installs nothing by itself."""
    pins = run([uv, *EXPORT, *NO_COMMENTS, "--all-extras", "--no-hashes"])
    (out / "constraints.txt").write_text(pins, encoding="utf-8")


def write_requirements(uv: str, wheel: Path, digest: str) -> None:
    """Lock what production installs, the wheel itself included."""
    own = f"./{wheel.name} \\\n    --hash=sha256:{digest}\n"
    pins = run([uv, *EXPORT, *NO_COMMENTS])
    for name, extras in locked_extras().items():
        pins = re.sub(rf"^{re.escape(name)}==", f"{name}[{extras}]==", pins, flags=re.MULTILINE)
    (wheel.parent / "requirements.lock").write_text(own + pins, encoding="utf-8")


def locked_extras() -> dict[str, str]:
    """Find the dependencies that others ask for with extras.

    pip, told to require hashes, wants `name[extra]==...` for them; uv's export names them without.
    """
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    extras: defaultdict[str, set[str]] = defaultdict(set)
    for package in lock["package"]:
        for dependency in package.get("dependencies", []):
            extras[dependency["name"]].update(dependency.get("extra", []))
    return {name: ",".join(sorted(found)) for name, found in extras.items() if found}


def write_bill_of_materials(uv: str, wheel: Path, digest: str) -> None:
    """Say which wheel the list belongs to, and leave out what differs from call to call."""
    text = run([uv, *EXPORT, "--format", "cyclonedx1.5", "--preview-features", "sbom-export"])
    bill: dict[str, Any] = json.loads(text)
    own_version = wheel.name.split("-")[1]
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'sha256:{digest}')}"
    del bill["metadata"]["timestamp"]
    bill["metadata"]["component"] |= {
        "version": own_version,
        "purl": f"pkg:pypi/dbt-runner@{own_version.replace('+', '%2B')}",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    text = json.dumps(bill, indent=2) + "\n"
    wheel.with_suffix(".cdx.json").write_text(text, encoding="utf-8")


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Run a tool in the repository; its errors show as they are."""
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    ).stdout


if __name__ == "__main__":
    main()
