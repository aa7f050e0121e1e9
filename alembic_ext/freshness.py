"""Which snapshots still fit the sources, and what was changed since the others were made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from iris_devtools.snapshots.keyfiles import KEY_FILES_FEATURE
from iris_devtools.snapshots.retention import is_captured
from iris_devtools.snapshots.times import is_unseeded, recorded_steps

if TYPE_CHECKING:
    from alembic_ext.source import AlembicSource
    from iris_devtools.snapshots.manifest import Manifest
    from iris_devtools.snapshots.snapshot import Snapshot

__all__ = ["Change", "Freshness", "changes_since", "freshness", "last_built", "useless"]

Freshness = Literal["current", "captured", "stale", "unreachable"]
"""``current``: what the sources make now. ``captured``: a database as it stood, at revisions that exist.

``stale``: at revisions that exist, from sources that were edited since. ``unreachable``: a revision is gone.
"""


@dataclass(frozen=True)
class Change:
    """One difference between the sources now and those that made a snapshot."""

    what: Literal["edited", "added", "removed"]
    kind: Literal["migration", "file", "seed"]
    name: str
    place: str

    def __str__(self) -> str:
        shown = self.place or self.name
        return f"{shown} was {self.what}" if self.kind != "seed" else f"the seed {shown} was {self.what}"


def freshness(source: AlembicSource, snapshot: Snapshot) -> Freshness:
    """Tell whether a snapshot still fits the sources; it may be of any engine."""
    key = snapshot.key
    if not all(source.chain.has(revision) for revision in key.revisions):
        return "unreachable"
    if is_captured(snapshot):
        return "captured"
    if source.chain.resolve(key.revisions) != key.revisions:
        return "unreachable"  # one of them leads to another now: no database is at both
    if source.replay(key, key) == () or source.key(key.engine, key.revisions) == key:
        return "current"
    return "stale"


def useless(source: AlembicSource, snapshots: Iterable[Snapshot]) -> dict[str, str]:
    """Return, by name, why nothing will ever ask for a snapshot again, for those of which that is so.

    That are those that no longer fit the sources, and those that were kept before a seed ran and lie behind
    a newer one of that kind: a build starts from that one.
    """
    reasons = {
        "stale": "its sources were edited",
        "unreachable": "its revisions are no more",
    }
    found: dict[str, str] = {}
    starts: list[Snapshot] = []
    for one in snapshots:
        fits = freshness(source, one)
        if fits in reasons:
            found[one.name] = reasons[fits]
        elif fits == "current" and is_unseeded(one):
            starts.append(one)
    for one in starts:
        for other in starts:
            same_engine = one.key.engine == other.key.engine
            if same_engine and one.key != other.key and source.replay(one.key, other.key) is not None:
                found[one.name] = f"builds start from {other.name} now"
    return found


def last_built(snapshots: Iterable[Snapshot], *, revisions: tuple[str, ...], engine: str) -> Snapshot | None:
    """Return the newest built snapshot of the revisions, else the newest of any; it has to tell its steps."""
    telling = [
        one
        for one in snapshots
        if one.key.engine == engine and not is_captured(one) and recorded_steps(one.manifest) is not None
    ]
    return max(
        telling,
        key=lambda one: (
            one.key.revisions == revisions,
            one.manifest.seed is not None,
            one.manifest.created_at,
        ),
        default=None,
    )


def changes_since(
    source: AlembicSource, manifest: Manifest, *, revisions: tuple[str, ...]
) -> tuple[Change, ...]:
    """Return what is different now from when a snapshot was made, on the way to the revisions.

    Migrations come in the order in which they run, then the files of the key, then the seed.
    """
    then = {step.name: step for step in recorded_steps(manifest) or ()}
    now = {one.revision: one for one in source.chain.ancestry(revisions)}
    found = [
        Change("edited" if name in then else "added", "migration", name, one.place)
        for name, one in now.items()
        if name not in then or then[name].digest != one.own
    ]
    found += [
        Change("removed", "migration", name, step.place) for name, step in then.items() if name not in now
    ]
    return (*found, *_changed_files(source, manifest), *_changed_seed(source, manifest))


def _changed_files(source: AlembicSource, manifest: Manifest) -> list[Change]:
    recorded = manifest.features.get(KEY_FILES_FEATURE)
    then = recorded if isinstance(recorded, dict) else {}
    found = [
        Change("edited" if place in then else "added", "file", place, place)
        for place, digest in source.key_files.items()
        if then.get(place) != digest
    ]
    found += [Change("removed", "file", place, place) for place in then if place not in source.key_files]
    return found


def _changed_seed(source: AlembicSource, manifest: Manifest) -> list[Change]:
    now, then = source.seeding, manifest.seed
    if now == then or (then is None and manifest.features.get("unseeded")):
        return []
    if now is None or then is None:
        named = now or then
        assert named is not None
        return [Change("added" if then is None else "removed", "seed", named.reference, named.reference)]
    return [Change("edited", "seed", now.reference, now.reference)]
