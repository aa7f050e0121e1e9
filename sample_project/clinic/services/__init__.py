"""The rules of the clinic, one module for each kind of work.

Every function takes the session first and leaves the commit to its caller; every time is an argument, so
that a test decides what "now" is.
"""
