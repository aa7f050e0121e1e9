"""Which image belongs to which edition, version and machine, and where its licence key is (iris-facts 7)."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Literal

from iris_devtools.config import Settings

__all__ = ["DEFAULT_IMAGES", "Edition", "default_image", "find_licence_key", "image_of", "platform_of"]

Edition = Literal["community", "enterprise"]

DEFAULT_IMAGES: dict[str, str] = {
    "community": "intersystems/iris-community:latest-em",
    "enterprise": "containers.intersystems.com/intersystems/iris:latest-em",
}
"""Image by edition; those tags name images for x86-64 and arm64 alike."""

_ARM = ("arm64", "aarch64")
_FIRST_FOR_BOTH = 2023
"""Images of earlier years are for one architecture each, those for arm64 under a name with a suffix."""


def default_image(edition: Edition, *, tag: str | None = None, machine: str | None = None) -> str:
    """Return the name of an edition's image for this machine (or another, like ``arm64``).

    ``tag`` is a version, or any other tag; without one it is the newest with extended maintenance.
    """
    name, _, newest = DEFAULT_IMAGES[edition].rpartition(":")
    tag = tag or newest
    year = re.match(r"(\d{4})\.\d", tag)
    if year and int(year.group(1)) < _FIRST_FOR_BOTH and (machine or platform.machine()).lower() in _ARM:
        name += "-arm64"
    return f"{name}:{tag}"


def image_of(settings: Settings) -> str:
    """Return the image that the settings name, or the one of their edition."""
    return settings.image or default_image(settings.edition, tag=settings.image_tag)


def platform_of(settings: Settings) -> str | None:
    """Return the platform that an image is wanted for, ``None`` for the engine's own.

    ``DOCKER_DEFAULT_PLATFORM`` counts as for Docker's own commands.
    """
    return settings.container_platform or os.environ.get("DOCKER_DEFAULT_PLATFORM") or None


def find_licence_key() -> Path | None:
    """Return the licence key of this machine's user: ``IRIS_LICENSE_KEY``, else ``~/.iris/iris.key``."""
    named = os.environ.get("IRIS_LICENSE_KEY")
    if named:
        return Path(named).expanduser()
    # Path.home raises where a user has no home, such as any user id in a container.
    usual = Path(os.path.expanduser("~/.iris/iris.key"))  # noqa: PTH111
    return usual if usual.is_file() else None
