"""The pytest plugin: fixtures, options and the header line."""
