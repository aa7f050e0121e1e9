"""Everything a project needs here to test against IRIS; the rest is what alembic.ini says already.

The plugin comes with iris-devtools.  It migrates a database once with this project's migrations, fills
it with the seed named in pyproject.toml, keeps the file, and hands every test run a copy.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session


@pytest.fixture
def session(iris_session: Session) -> Iterator[Session]:
    """A session on the migrated, seeded clinic; whatever the test commits is gone after it."""
    yield iris_session
