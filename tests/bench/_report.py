"""How a benchmark prints what it found: two times, their ratio, and the limit that it may not exceed."""

from __future__ import annotations

__all__ = ["failures", "heading", "report", "total"]

failures: list[str] = []
"""The names of what was over its limit in this process."""


def heading() -> None:
    """Print what the columns are."""
    print(f"{'':38}{'ours':>11}{'bare':>11}{'ratio':>8}{'limit':>8}")


def report(name: str, ours_s: float, bare_s: float, limit: float) -> None:
    """Print one line, with PASS or FAIL at its end."""
    ratio = ours_s / bare_s
    verdict = "PASS" if ratio <= limit else "FAIL"
    if ratio > limit:
        failures.append(name)
    print(
        f"{name:38}{ours_s * 1e3:>8.1f} ms{bare_s * 1e3:>8.1f} ms{ratio:>8.3f}{limit:>8.2f}  {verdict}",
        flush=True,
    )


def total(name: str, ours_s: float, limit_s: float) -> None:
    """Print one line for a time that has a limit of its own, in milliseconds."""
    verdict = "PASS" if ours_s <= limit_s else "FAIL"
    if ours_s > limit_s:
        failures.append(name)
    print(f"{name:38}{ours_s * 1e3:>8.2f} ms{'':27}{limit_s * 1e3:>5.0f} ms  {verdict}", flush=True)
