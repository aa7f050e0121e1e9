"""Run your migrations once, keep the database file, and give every test a real copy of it.

The names below are imported on first use, so that ``import iris_devtools`` stays cheap:
neither SQLAlchemy nor Docker is loaded before something needs it.
"""
