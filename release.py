"""Makes dist/: the wheel, and the files that pin, lock and list what it depends on.

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
import tomllib
import uuid
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent

EXPORT = ["export", "--quiet", "--offline", "--locked", "--no-default-groups"]
NO_COMMENTS = ["--no-emit-project", "--no-header", "--no-annotate"]


def main() -> None:
    """Make dist/ anew."""
    parser = argparse.ArgumentParser(description="Makes dist/.")
    parser.add_argument("--uv", default=os.environ.get("UV", "uv"), help="exports the lock")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="made anew")
    options = parser.parse_args()
    out: Path = options.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    wheel = build_wheel(out)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    write_constraints(options.uv, out)
    write_requirements(options.uv, wheel, digest)
    write_bill_of_materials(options.uv, wheel, digest)
    for path in sorted(out.iterdir()):
        print(f"{path.stat().st_size:>9}  {path.name}")


def build_wheel(out: Path) -> Path:
    """Build the wheel with the backend of this environment, which needs no network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    run([*command, "--directory", str(out)])
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


def run(command: list[str]) -> str:
    """Run a tool in the repository; its errors show as they are."""
    return subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    ).stdout


if __name__ == "__main__":
    main()
