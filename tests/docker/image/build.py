"""Build the image with the stand-in, once for each state of what goes into it.

    python tests/docker/image/build.py        prints the image's name

The root file system is Debian's: an image ``debian:bookworm-slim`` where one can be pulled, else one that
``debootstrap`` makes (as root), kept by the engine under a name of its own.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
HERE = PROJECT / "tests" / "docker" / "image"
REPOSITORY = "iris-devtools/standin"
BASE = "iris-devtools/debian:bookworm-python3-tini"
PUBLIC_BASE = "debian:bookworm-slim"
SUITE, PACKAGES, MIRROR = "bookworm", "python3,tini", "http://deb.debian.org/debian"
_SPARE = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt/archives", "var/lib/apt/lists")


class ImageUnavailable(Exception):
    """The image cannot be built here, for this reason."""


def image_name() -> str:
    """Return the name that the sources of this moment have as an image."""
    digest = hashlib.sha256()
    sources = sorted((PROJECT / "iris_devtools" / "standin").rglob("*.py"))
    for path in [*sources, PROJECT / "iris_devtools" / "__init__.py", *sorted(HERE.iterdir())]:
        if path.is_file() and path.name != Path(__file__).name:
            digest.update(f"{path.relative_to(PROJECT)}\0{path.stat().st_mode & 0o111}\0".encode())
            digest.update(path.read_bytes())
    return f"{REPOSITORY}:{digest.hexdigest()[:16]}"


def build() -> str:
    """Return the name of the image, built unless the engine has it; raises ImageUnavailable."""
    name = image_name()
    if _has(name):
        return name
    base = _base()
    done = subprocess.run(
        [
            "docker",
            "build",
            "-q",
            "--build-arg",
            f"BASE={base}",
            "-f",
            HERE / "Dockerfile",
            "-t",
            name,
            PROJECT,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        # Not a lack of this machine, but a fault of ours: no reason to skip.
        raise RuntimeError(f"docker build failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return name


def _base() -> str:
    for name in (BASE, PUBLIC_BASE):
        if _has(name):
            return name
    if shutil.which("debootstrap"):
        _debootstrap()
        return BASE
    done = subprocess.run(["docker", "pull", "-q", PUBLIC_BASE], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageUnavailable(
            f"no {PUBLIC_BASE} can be pulled ({done.stderr.strip()}), and there is no debootstrap to make one"
        )
    return PUBLIC_BASE


def _debootstrap() -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "root"
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, root, MIRROR],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ImageUnavailable(f"debootstrap failed: {done.stdout.strip()[-1000:]}")
        for spare in _SPARE:
            shutil.rmtree(root / spare, ignore_errors=True)
        archive = subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE)
        done = subprocess.run(
            ["docker", "import", "-", BASE], stdin=archive.stdout, capture_output=True, text=True, check=False
        )
        if archive.wait() or done.returncode:
            raise ImageUnavailable(f"docker import failed: {done.stderr.strip()}")


def _has(name: str) -> bool:
    return not subprocess.run(
        ["docker", "image", "inspect", name], capture_output=True, check=False
    ).returncode


if __name__ == "__main__":
    try:
        print(build())
    except ImageUnavailable as error:
        sys.exit(str(error))
