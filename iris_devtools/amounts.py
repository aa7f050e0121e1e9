"""Amounts as people write them: ``2GB``, ``500 MiB``, ``30d``, ``12h``."""

from __future__ import annotations

import re

__all__ = ["parse_age_s", "parse_bytes"]

_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)
_BYTES = {"": 1, "b": 1} | {
    f"{prefix}{middle}{end}": factor ** (power + 1)
    for power, prefix in enumerate("kmgt")
    for middle, factor, ends in (("", 1000, ("b", "")), ("i", 1024, ("b",)))
    for end in ends
}
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def parse_bytes(text: str) -> int:
    """Return bytes: ``1500``, ``500MB`` (thousands), ``2GiB`` (1024s); raise ValueError for anything else."""
    return round(_parse(text, _BYTES, "a size like 500MB or 2GiB"))


def parse_age_s(text: str) -> float:
    """Return seconds: ``45min``, ``12h``, ``30d``, ``2w``; raise ValueError for anything else."""
    return _parse(text, _SECONDS, "an age like 12h, 30d or 2w")


def _parse(text: str, units: dict[str, int], wanted: str) -> float:
    match = _AMOUNT.fullmatch(text)
    factor = units.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise ValueError(f"must be {wanted}, not {text!r}")
    return float(match[1]) * factor
