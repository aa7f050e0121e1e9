"""The test layer: pytest plugin, fixtures, isolation."""
