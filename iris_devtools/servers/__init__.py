"""A place to connect to: container, existing server or stand-in."""
