"""The stand-in: an embedded server that the InterSystems IRIS driver and dialect connect to. It is not IRIS."""
