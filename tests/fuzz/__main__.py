"""Fuzz, guided by coverage (``python -m tests.fuzz [TARGET ...] [--seconds N] [--merge]``).

Wants atheris, which has wheels for Linux. The corpus is in ``tests/fuzz/corpus``, one directory for each
target. What fails is written to ``tests/fuzz/found``; it belongs into the corpus once it is mended.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
CORPUS, FOUND = HERE / "corpus", HERE / "found"
NAMES = ("items", "requests", "framing", "connection", "session")
_INSIDE = "--inside"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--merge", action="store_true", help="keep what reaches code that no other does")
    given = parser.parse_args()
    failed = [
        name for name in given.targets or NAMES if not _run(name, seconds=given.seconds, merge=given.merge)
    ]
    print("found something in: " + ", ".join(failed) if failed else "nothing was found")
    return 1 if failed else 0


def _run(name: str, *, seconds: int, merge: bool) -> bool:
    """Fuzz one target in a process of its own, which libFuzzer ends as it pleases."""
    print(f"== {name}, {seconds} s", flush=True)
    corpus = CORPUS / name
    for directory in (FOUND, corpus):
        directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        # libFuzzer runs itself again to merge, by the name of a program.
        program = Path(place) / name
        program.write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tests.fuzz {_INSIDE} "$0" "$@"\n'
        )
        program.chmod(0o700)
        new = Path(place) / "new"
        new.mkdir()
        limits = ["-timeout=20", "-max_len=400", f"-artifact_prefix={FOUND}/{name}-"]
        done = subprocess.run(
            [program, f"-max_total_time={seconds}", "-print_final_stats=1", *limits, new, corpus],
            cwd=HERE.parents[1],
            check=False,
        )
        if merge:
            subprocess.run(
                [program, "-set_cover_merge=1", "-use_counters=0", *limits, corpus, new],
                cwd=HERE.parents[1],
                check=True,
            )
    return done.returncode == 0


def _fuzz(program: str, arguments: list[str]) -> None:
    import atheris

    # Before they are imported: what guides are the branches of this project.
    with atheris.instrument_imports(include=["iris_devtools.standin"]):
        from tests.fuzz.targets import TARGETS

    atheris.Setup([program, *arguments], TARGETS[Path(program).name])
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == [_INSIDE]:
        _fuzz(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
