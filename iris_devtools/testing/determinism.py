"""Go on from where the seed left off: the random state that a snapshot was made with, set back.

With pytest, the fixture ``iris_random`` does that for a test.

Numbers of identity columns are counted in the database file, so a restore brings them back. A rollback does
not, in IRIS as elsewhere, and what only a rollback left behind is not restored: a test that looks at them
asks for isolation ``namespace``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iris_devtools.errors import ManifestError
from iris_devtools.randomness import RANDOM_FEATURE, fixed_random, random_state, set_random_state

if TYPE_CHECKING:
    from iris_devtools.snapshots.manifest import Manifest

__all__ = ["fixed_random", "random_state", "set_back", "set_random_state"]


def set_back(manifest: Manifest) -> tuple[str, ...]:
    """Set the generators to what they were when the seed of a snapshot had run; return their names.

    Nothing is set, and nothing returned, for a snapshot without a seed. Raises ManifestError for a record
    that is none.
    """
    state = manifest.features.get(RANDOM_FEATURE)
    if state is None:
        return ()
    try:
        if not isinstance(state, dict):
            raise ValueError("it is no object")  # noqa: TRY004 - told with the other faults of a record
        return set_random_state(state)
    except ValueError as error:
        raise ManifestError(
            f"The random state of the snapshot {manifest.key.name} cannot be used: {error}.",
            hint="Take the snapshot again.",
            key=manifest.key,
        ) from error
