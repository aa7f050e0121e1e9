"""Text in, text out: IRIS SQL is parsed, typed and translated to SQLite. Knows no sockets and no files."""
