"""SQLAlchemy's dialect compliance suite, as it is: nothing is taken out, nothing is changed."""

from sqlalchemy.testing.suite import *  # noqa: F403
