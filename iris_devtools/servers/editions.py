"""Which image belongs to which edition, and where its licence key is (iris-facts 7)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from iris_devtools.config import Settings

__all__ = ["DEFAULT_IMAGES", "Edition", "default_image", "find_licence_key", "image_of"]

Edition = Literal["community", "enterprise"]

DEFAULT_IMAGES: dict[str, str] = {
    "community": "intersystems/iris-community:latest-em",
    "enterprise": "containers.intersystems.com/intersystems/iris:latest-em",
}
"""Image by edition; those tags name images for x86-64 and arm64 alike."""


def default_image(edition: Edition) -> str:
    """Return the name of an edition's image."""
    return DEFAULT_IMAGES[edition]


def image_of(settings: Settings) -> str:
    """Return the image that the settings name, or the one of their edition."""
    return settings.image or default_image(settings.edition)


def find_licence_key() -> Path | None:
    """Return the licence key of this machine's user: ``IRIS_LICENSE_KEY``, else ``~/.iris/iris.key``."""
    named = os.environ.get("IRIS_LICENSE_KEY")
    if named:
        return Path(named).expanduser()
    usual = Path.home() / ".iris" / "iris.key"
    return usual if usual.is_file() else None
