"""Databases for pytest: see :mod:`iris_devtools.testing.plugin` for the fixtures and options."""
