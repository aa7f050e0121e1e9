"""A database file carries one number for its format, and whoever changes the format has to change the number.

A snapshot's key contains the number (``standin-1``). If the layout changed and the number did not, a file of
the old layout would be restored into a server of the new one.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from iris_devtools.standin.catalog import layout
from iris_devtools.standin.catalog.connection import prepare_connection
from iris_devtools.standin.storage import label

LAYOUTS = {1: "c28c764e3c83af53"}
"""Format number -> digest of every table and index of a fresh database.

A new layout gets a new number and a new line.
"""


def digest_of_a_fresh_dictionary(path: Path) -> str:
    connection = sqlite3.connect(path, isolation_level=None)
    prepare_connection(connection, code_schema="main", live=None)
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('table', 'index') ORDER BY type, name"
    ).fetchall()
    connection.close()
    text = "\n".join(" ".join(f"{kind} {name} {sql}".split()) for kind, name, sql in rows)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_file_and_dictionary_have_one_number() -> None:
    assert layout.FORMAT == label.FORMAT


def test_the_layout_is_the_one_that_the_number_stands_for(tmp_path: Path) -> None:
    assert digest_of_a_fresh_dictionary(tmp_path / "IRIS.DAT") == LAYOUTS[label.FORMAT]
