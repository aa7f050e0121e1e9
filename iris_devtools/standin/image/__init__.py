"""The stand-in laid out like a container image of IRIS: its programs, options and log lines."""
