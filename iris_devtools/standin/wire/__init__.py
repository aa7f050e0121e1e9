"""Bytes on the wire: framing, $LIST items, messages. Knows no SQL and no files."""
