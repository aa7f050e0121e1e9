"""Write the inputs that fuzzing begins with (``python -m tests.fuzz.seeds``)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from iris_devtools.standin.values import ByRef, ObjectRef
from iris_devtools.standin.wire.items import UNDEFINED, encode_argument, encode_row
from tests.fuzz.targets import request_seed, statement_data

VALUES = (
    None,
    "",
    "text",
    "\u20ac",
    0,
    -1,
    2**40,
    -(2**62),
    1.5,
    Decimal("1.50"),
    Decimal("-7e20"),
    "x" * 260,
)
SEEDS = {
    "items": {
        "values": encode_row(VALUES),
        "arguments": encode_argument(ByRef("a")) + encode_argument(ObjectRef(3, "A.B")) + UNDEFINED,
    },
    "requests": {
        "login": encode_row(["USER", "a", "b", "me\0", "x\0", "y\0", "z", "SHM|", "", 1, 1, 32]),
        "query": statement_data("SELECT ?", 1, sets=0),
        "update": statement_data("INSERT INTO t VALUES (?, ?)", 1, "a", sets=3),
        "call": encode_row((0, 0, 0, 0, 2, 1, "a")),
        "class-method": encode_row(("%SYSTEM.Version", "GetNumber", 1, 5)),
    },
    "framing": {
        "greeting": b"\2\0\0\0\1\0\0\0\0\0\0\0HS\x45\0",
        "long": b"\xff\xff\xff\xff\1\0\0\0\0\0\0\0HS",
    },
    "connection": {
        "query": request_seed((b"DQ", 1, statement_data("SELECT ?", "a", sets=0)), (b"FD", 1, b"")),
        "kept": request_seed(
            (b"PP", 1, statement_data("SELECT ?", 1, sets=0)), (b"PQ", 1, encode_row((0, 1, 7, 0, 0)))
        ),
        "update": request_seed((b"DU", 1, statement_data("UPDATE t", 1, sets=2)), (b"TC", 0, b"")),
        "error": request_seed((b"DU", 1, statement_data("ERROR")), (b"OE", 1, encode_row((1,)))),
        "stream": request_seed(
            (b"DQ", 1, statement_data("SELECT STREAM", "abc", sets=0)),
            (b"SS", 1, encode_row(("1",))),
            (b"JS", 1, encode_row(("1", 2))),
            (b"CS", 1, b""),
        ),
        "function": request_seed((b"SP", 1, encode_row(("f",))), (b"SU", 1, encode_row((0, 0, 0, 0, 1, 5)))),
        "native": request_seed((b"\x4b\xc2", 0, encode_row(("%SYSTEM.Version", "GetNumber", 0)))),
    },
    "session": {
        "work": request_seed(
            (b"DU", 1, statement_data("CREATE TABLE t (a INT, b VARCHAR(9))")),
            (b"DU", 2, statement_data("INSERT INTO t VALUES (?, ?)", 1, "x", sets=2)),
            (b"DQ", 3, statement_data("SELECT a, b FROM t WHERE a = ?", 1, sets=0)),
            (b"TR", 0, b""),
        ),
        "select": request_seed(
            (b"DQ", 1, statement_data("SELECT TOP 2 UPPER(?) || 'a', {d '2020-01-01'}", "b", sets=0))
        ),
        "savepoint": request_seed(
            (b"AF", 0, b""),
            (b"DU", 1, statement_data("SAVEPOINT a")),
            (b"DU", 1, statement_data("ROLLBACK TO SAVEPOINT a")),
            (b"TC", 0, b""),
        ),
        "catalogue": request_seed(
            (b"DQ", 1, statement_data("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES", sets=0))
        ),
    },
}


def main() -> None:
    for target, seeds in SEEDS.items():
        directory = Path(__file__).parent / "corpus" / target
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (directory / name).write_bytes(data)


if __name__ == "__main__":
    main()
