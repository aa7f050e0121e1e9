"""The stand-in: an embedded server that the IRIS driver and dialect connect to. It is not IRIS."""
