"""Run every benchmark of this directory (``python -m tests.bench``), or those that are named."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def main() -> None:
    here = [str(Path(__file__).parent)]
    found = sorted(module.name for module in pkgutil.iter_modules(here) if not module.name.startswith("_"))
    named = [name for name in sys.argv[1:] if name in found]
    for name in named or found:
        importlib.import_module(f"tests.bench.{name}").main()


if __name__ == "__main__":
    main()
