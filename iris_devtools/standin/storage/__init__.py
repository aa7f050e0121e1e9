"""Database files, namespaces and accounts: what an IRIS manager directory holds."""
