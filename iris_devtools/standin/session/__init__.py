"""One connection: the one place where wire, SQL, storage and class calls meet."""
