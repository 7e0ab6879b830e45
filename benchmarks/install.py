"""What it takes to install the wheel, with the exact versions that a job installs.

Into a fresh environment, by uv with all packages in its cache; uv compiles no byte code. The size
is what the environment's packages hold, links or not.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from paired import Contender
from sizes import rounds

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Print the figures."""
    sys.path.insert(0, str(ROOT))
    from release import build_wheel

    uv, runs = os.environ["UV"], rounds()
    with tempfile.TemporaryDirectory(prefix="bench-install-") as name:
        wheel = build_wheel(Path(name, "dist"))
        environment = Path(name, "environment")
        make = [uv, "venv", "--quiet", "--python", sys.executable, str(environment)]
        words = [uv, "pip", "install", "--quiet", "--python", str(environment)]
        words += ["--requirement", str(ROOT / "resources/requirements.txt"), str(wheel)]
        seconds = []
        for number in range(runs + 1):
            shutil.rmtree(environment, ignore_errors=True)
            subprocess.run(make, check=True)
            # the first fills the cache
            own = [*words, "--offline"] if number else words
            seconds.append(Contender("uv", own, dict(os.environ), ROOT).seconds())
        [packages] = environment.glob("lib/python*/site-packages")
        size = sum(file.lstat().st_size for file in packages.rglob("*")) / 2**20
        count = len(list(packages.glob("*.dist-info")))
    value = statistics.median(seconds[1:])
    spread = f"{min(seconds[1:]):.2f} to {max(seconds[1:]):.2f}"
    sys.stderr.write(f"install: {value:.2f} s ({spread}), {count} packages, {size:.0f} MiB\n")
    for figure in (
        {"figure": "install_seconds", "value": round(value, 3), "n": runs},
        {"figure": "install_size", "value": round(size, 1), "unit": "MiB", "n": 1},
    ):
        sys.stdout.write(json.dumps(figure) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
