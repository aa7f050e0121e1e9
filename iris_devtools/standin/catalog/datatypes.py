"""The type names of DDL, and the SQL types that they make (iris-sql.md 2.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iris_devtools.standin.catalog.model import Counter
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.dialect import Kind
from iris_devtools.standin.sql.reader import Reader
from iris_devtools.standin.types import (
    BIGINT,
    BIT,
    DATE,
    DOUBLE,
    GUID,
    INTEGER,
    LONGVARBINARY,
    LONGVARCHAR,
    POSIXTIME,
    SMALLINT,
    TIME,
    TIMESTAMP,
    TINYINT,
    Code,
    SqlType,
    numeric,
    varbinary,
    varchar,
    vector,
)

__all__ = ["DeclaredType", "read_type"]

_MEDIUMINT = SqlType(Code.INTEGER, "INTEGER", precision=7, scale=0, minimum=-8388608, maximum=8388607)
_MONEY = numeric(19, 4)


def _time(precision: int | None = None) -> SqlType:
    return SqlType(Code.TIME, "TIME", precision=precision)


def _numeric(precision: int, scale: int = 0) -> SqlType:
    # s is at most 18 and p at most 19 + s; larger values are lowered (iris-sql.md 2.1)
    scale = min(scale, 18)
    return numeric(max(1, min(precision, 19 + scale)), scale)


@dataclass(frozen=True)
class DeclaredType:
    """The type of a column definition; SERIAL and ROWVERSION also say how the column fills itself."""

    type: SqlType
    counter: Counter | None = None


_FIXED: dict[str, DeclaredType] = {
    "BIT": DeclaredType(BIT),
    "MONEY": DeclaredType(_MONEY),
    "SMALLMONEY": DeclaredType(_MONEY),
    "DATE": DeclaredType(DATE),
    "DATETIME": DeclaredType(TIMESTAMP),
    "SMALLDATETIME": DeclaredType(TIMESTAMP),
    "POSIXTIME": DeclaredType(POSIXTIME),
    "UNIQUEIDENTIFIER": DeclaredType(GUID),
    "SYSNAME": DeclaredType(varchar(128)),
    "ROWVERSION": DeclaredType(BIGINT, Counter.ROWVERSION),
    "IDENTITY": DeclaredType(BIGINT, Counter.IDENTITY),
    "IMAGE": DeclaredType(LONGVARBINARY),
    "NTEXT": DeclaredType(LONGVARCHAR),
}

_SIZE_IGNORED: dict[str, DeclaredType] = {
    "TINYINT": DeclaredType(TINYINT),
    "SMALLINT": DeclaredType(SMALLINT),
    "MEDIUMINT": DeclaredType(_MEDIUMINT),
    "INT": DeclaredType(INTEGER),
    "INTEGER": DeclaredType(INTEGER),
    "BIGINT": DeclaredType(BIGINT),
    "SERIAL": DeclaredType(BIGINT, Counter.SERIAL),
    "FLOAT": DeclaredType(DOUBLE),
    "REAL": DeclaredType(DOUBLE),
    "DOUBLE": DeclaredType(DOUBLE),
    "TIMESTAMP": DeclaredType(TIMESTAMP),
    "TIMESTAMP2": DeclaredType(TIMESTAMP),
    "DATETIME2": DeclaredType(TIMESTAMP),
    "LONGVARCHAR": DeclaredType(LONGVARCHAR),
    "TEXT": DeclaredType(LONGVARCHAR),
    "CLOB": DeclaredType(LONGVARCHAR),
    "LONGTEXT": DeclaredType(LONGVARCHAR),
    "MEDIUMTEXT": DeclaredType(LONGVARCHAR),
    "LONGVARBINARY": DeclaredType(LONGVARBINARY),
    "BLOB": DeclaredType(LONGVARBINARY),
}

_TEXT = frozenset({"CHAR", "VARCHAR", "NCHAR", "NVARCHAR", "CHARACTER", "VARCHAR2"})
_BINARY = frozenset({"BINARY", "VARBINARY", "RAW"})
_NUMERIC = frozenset({"NUMERIC", "DECIMAL", "DEC", "NUMBER"})
_LIST_LENGTH = 32749

_CLASSES: dict[str, Callable[[dict[str, str]], DeclaredType]] = {
    "STRING": lambda p: DeclaredType(varchar(_length(p, 50))),
    "BINARY": lambda p: DeclaredType(varbinary(_length(p, 1))),
    "BOOLEAN": lambda _: DeclaredType(BIT),
    "TINYINT": lambda _: DeclaredType(TINYINT),
    "SMALLINT": lambda _: DeclaredType(SMALLINT),
    "INTEGER": lambda _: DeclaredType(INTEGER),
    "BIGINT": lambda _: DeclaredType(BIGINT),
    "NUMERIC": lambda p: DeclaredType(_numeric(15, int(p.get("SCALE", "2")))),
    "DECIMAL": lambda p: DeclaredType(_numeric(15, int(p.get("SCALE", "2")))),
    "CURRENCY": lambda _: DeclaredType(_MONEY),
    "DOUBLE": lambda _: DeclaredType(DOUBLE),
    "FLOAT": lambda _: DeclaredType(DOUBLE),
    "DATE": lambda _: DeclaredType(DATE),
    "TIME": lambda p: DeclaredType(_time(int(p["PRECISION"]) if "PRECISION" in p else None)),
    "TIMESTAMP": lambda _: DeclaredType(TIMESTAMP),
    "DATETIME": lambda _: DeclaredType(TIMESTAMP),
    "POSIXTIME": lambda _: DeclaredType(POSIXTIME),
    "UNIQUEIDENTIFIER": lambda _: DeclaredType(GUID),
    "LIST": lambda _: DeclaredType(varchar(_LIST_LENGTH)),
    "COUNTER": lambda _: DeclaredType(BIGINT, Counter.SERIAL),
    "AUTOINCREMENT": lambda _: DeclaredType(BIGINT, Counter.AUTO_INCREMENT),
    "ROWVERSION": lambda _: DeclaredType(BIGINT, Counter.ROWVERSION),
    "STREAM.GLOBALCHARACTER": lambda _: DeclaredType(LONGVARCHAR),
    "STREAM.GLOBALBINARY": lambda _: DeclaredType(LONGVARBINARY),
    "VECTOR": lambda p: DeclaredType(
        vector(p.get("DATATYPE", "FLOAT").upper(), int(p["LEN"]) if "LEN" in p else None)
    ),
}

_VECTOR_ELEMENTS = ("DOUBLE", "DECIMAL", "FLOAT", "INTEGER", "TIMESTAMP")


def _length(parameters: dict[str, str], default: int) -> int | None:
    text = parameters.get("MAXLEN", str(default))
    return int(text) if text else None


def read_type(reader: Reader) -> DeclaredType:
    """Read a type name with its sizes.

    Raises SQLError -1 for a text that is no type, and -400 for a class that does not exist, as compiling the
    table's class would.
    """
    token = reader.token
    if token.kind is not Kind.WORD:
        reader.fail("IDENTIFIER")
    word = reader.next().upper
    if word.startswith("%"):
        return _class_type(reader, word)
    if word == "NATIONAL":
        word = reader.any_word()
        if word not in ("CHAR", "CHARACTER", "VARCHAR"):
            reader.position -= 1
            reader.fail("CHARACTER")
    if word in ("CHAR", "CHARACTER", "NCHAR", "BINARY"):
        reader.accept("VARYING")
    elif word == "DOUBLE":
        reader.accept("PRECISION")
    elif word == "LONG":
        kind = reader.accept_any("VARCHAR", "BINARY", "RAW")
        word = "LONGVARBINARY" if kind in ("BINARY", "RAW") else "LONGVARCHAR"
    if word in _TEXT:
        return DeclaredType(_text_type(reader))
    if word in _BINARY:
        sizes = _sizes(reader)
        return DeclaredType(varbinary(sizes[0] if sizes else 1))
    if word in _NUMERIC:
        sizes = _sizes(reader)
        if not sizes:
            return DeclaredType(_numeric(19 if word == "NUMBER" else 15))
        return DeclaredType(_numeric(*sizes[:2]))
    if word == "TIME":
        sizes = _sizes(reader)
        return DeclaredType(_time(sizes[0]) if sizes else TIME)
    if word == "VECTOR":
        return DeclaredType(_vector_type(reader))
    if word in _SIZE_IGNORED:
        _sizes(reader)
        return _SIZE_IGNORED[word]
    if word in _FIXED:
        return _FIXED[word]
    if token.is_name:
        raise _no_class(f"User.{token.text}")
    reader.position -= 1
    return reader.fail("IDENTIFIER")


def _sizes(reader: Reader) -> list[int]:
    sizes: list[int] = []
    if reader.accept("("):
        sizes.append(reader.integer())
        while reader.accept(","):
            sizes.append(reader.integer())
        reader.expect(")")
    return sizes


def _text_type(reader: Reader) -> SqlType:
    if not reader.accept("("):
        return varchar(1)
    if reader.accept("MAX"):
        reader.expect(")")
        return LONGVARCHAR
    if reader.token.kind is Kind.STRING:
        if reader.string():
            reader.position -= 1
            reader.fail("LITERAL")
        reader.expect(")")
        return varchar(None)
    length = reader.integer()
    if reader.accept(","):
        reader.next()
    reader.expect(")")
    return varchar(length)


def _vector_type(reader: Reader) -> SqlType:
    element, dimension = "FLOAT", None
    if reader.accept("("):
        chosen = reader.accept_any(*_VECTOR_ELEMENTS)
        if chosen is None:
            reader.fail(", ".join(_VECTOR_ELEMENTS))
        element = chosen
        if reader.accept(","):
            dimension = reader.integer()
        reader.expect(")")
    return vector(element, dimension)


def _class_type(reader: Reader, word: str) -> DeclaredType:
    shown = word
    path = word[1:]
    while reader.accept("."):
        part = reader.next().text
        shown += f".{part}"
        path += f".{part.upper()}"
    path = path.removeprefix("LIBRARY.")
    parameters: dict[str, str] = {}
    if reader.accept("("):
        while True:
            name = reader.any_word()
            reader.expect("=")
            parameters[name] = reader.next().text
            if not reader.accept(","):
                break
        reader.expect(")")
    make = _CLASSES.get(path)
    if make is None:
        raise _no_class(shown)
    try:
        return make(parameters)
    except ValueError as exc:
        raise SQLError(-1, f" LITERAL expected in the parameters of {shown}^{reader.read_so_far()}") from exc


def _no_class(name: str) -> SQLError:
    return SQLError(-400, f"ERROR #5373: Class '{name}', used as a data type, does not exist")
