"""Globals and locks of the driver's Native API, which live beside the tables of a namespace."""
