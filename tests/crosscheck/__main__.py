"""Run the smoke test of this directory with every line of the driver (``python -m tests.crosscheck``).

Each version has a virtual environment under ``.venv-matrix`` (kept) with nothing in it but the driver; they
all talk to one stand-in. Exit code 1 if one fails.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from iris_devtools.servers.standin import start_standin

HERE = Path(__file__).parent
HOME = HERE.parent.parent / ".venv-matrix"
DRIVERS = ("5.1.2", "5.3.2", "5.4.1")
LIMIT_S = 120


def prepare(version: str) -> Path:
    """Return the Python of an environment that has this version of the driver."""
    home = HOME / f"driver-{version}"
    python, ready = home / "bin" / "python", home / ".ready"
    if not ready.exists():
        venv.create(home, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"intersystems-irispython=={version}"], check=True)
        ready.touch()
    return python


def run(version: str, port: int) -> bool:
    """Run the smoke test with one version and tell whether it passed."""
    command = [str(prepare(version)), str(HERE / "smoke.py"), str(port), version]
    try:
        finished = subprocess.run(command, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return finished.returncode == 0


def main() -> int:
    """Run every version; the exit code says whether all passed."""
    with tempfile.TemporaryDirectory() as scratch, start_standin(data=Path(scratch) / "data") as standin:
        outcomes = {version: run(version, standin.server.port) for version in sys.argv[1:] or DRIVERS}
    for version, passed in outcomes.items():
        print(f"{'passed' if passed else 'FAILED'}  intersystems-irispython {version}")
    return 0 if all(outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
