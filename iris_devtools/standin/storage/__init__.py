"""The stand-in's databases: files with a label, three mount states, and leases on them."""
