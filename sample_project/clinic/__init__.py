"""A small clinic: the application that the sample project's migrations and tests belong to."""
