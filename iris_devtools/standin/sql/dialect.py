"""The lexical rules of IRIS SQL: a text becomes tokens (iris-sql.md 1.1, 1.3; wire-protocol 6).

The lexer is our own, not a configuration of a general one, because nearly every rule here is IRIS's alone:
names contain ``% # $ @``, ``#`` and ``\\`` are operators, ``{`` opens either an ODBC escape or a block of
ObjectScript, and ``:%qpar(n)`` is what the driver makes of a literal.
"""

from __future__ import annotations

import re
from enum import Enum

from iris_devtools.standin.errors import SQLError

__all__ = ["RESERVED_WORDS", "Kind", "Token", "quoted", "tokenize", "words"]


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    """a keyword or a plain name; ``%`` and ``$`` words are words, too (``%EXACT``, ``$NAMESPACE``)"""
    QUOTED = "delimited identifier"
    STRING = "string"
    NUMBER = "number"
    PARAMETER = "parameter"
    BLOCK = "block"
    """``{ code }``, taken whole"""
    OPERATOR = "operator"
    END = "end"


class Token:
    """One token.

    ``text`` is its value: the name without its quotes, the string without quotes and doubled quotes, the
    digits of a number, the ``n`` of a parameter, the inside of a block, the operator. ``upper`` is the
    upper-case text of a WORD and of an OPERATOR, and empty for everything else: comparing it with a keyword
    never mistakes a quoted name for one. ``start`` and ``end`` are offsets in the source.
    """

    __slots__ = ("end", "kind", "start", "text", "upper")

    def __init__(self, kind: Kind, text: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end
        self.upper = text.upper() if kind is Kind.WORD else text if kind is Kind.OPERATOR else ""

    @property
    def is_name(self) -> bool:
        """Whether the token may name a table, a column or an alias."""
        if self.kind is Kind.WORD:
            return self.upper not in RESERVED_WORDS
        return self.kind is Kind.QUOTED

    def __repr__(self) -> str:
        return f"Token({self.kind.name}, {self.text!r})"


_NAME = r"(?:[^\W\d]|%%|[%_$])[\w@#$]*"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+|--[^\n]*|/\*(?:.|\n)*?\*/)
  | :\s*%qpar\s*\(\s*(?P<parameter>\d+)\s*\)
  | (?P<mark>\?)
  | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<lone>_(?![\w@#$%]))
  | (?P<word>{_NAME})
  | '(?P<string>(?:[^']|'')*)'
  | "(?P<quoted>(?:[^"]|"")*)"
  | (?P<escape>\{{\s*(?:d|t|ts|fn|oj)(?=[\s'])) # an ODBC escape; the lifted literal leaves a blank before ':'
  | (?P<operator>\|\||<>|!=|<=|>=|->|=\*|\*=|[-+*/\\#=<>\[\]().,;:!&|{{}}@^~])
    """,
    re.VERBOSE | re.IGNORECASE,
)

_BEFORE_CODE = frozenset({"COMPUTECODE", "OBJECTSCRIPT", "PYTHON"})
"""After these words ``{ d ...`` is code that begins with DO, not an ODBC escape."""


def tokenize(text: str) -> list[Token]:
    """Return the tokens of ``text``, closed by one of kind END; comments are dropped.

    ``?`` is numbered from 1 in order of appearance. Raises SQLError -3 for an open quote and -1 for a
    character that no token starts with.
    """
    tokens: list[Token] = []
    position = 0
    marks = 0
    length = len(text)
    match_at = _TOKEN.match
    while position < length:
        match = match_at(text, position)
        if match is None:
            raise _no_token(text, position)
        group = match.lastgroup
        end = match.end()
        if group == "space":
            position = end
            continue
        if group == "word":
            tokens.append(Token(Kind.WORD, match["word"], position, end))
        elif group == "operator" or group == "lone":
            operator = match[group]
            if operator == "{":
                end = _block_end(text, position)
                tokens.append(Token(Kind.BLOCK, text[position + 1 : end - 1], position, end))
            else:
                tokens.append(Token(Kind.OPERATOR, operator, position, end))
        elif group == "parameter":
            tokens.append(Token(Kind.PARAMETER, match["parameter"], position, end))
        elif group == "mark":
            marks += 1
            tokens.append(Token(Kind.PARAMETER, str(marks), position, end))
        elif group == "number":
            tokens.append(Token(Kind.NUMBER, match["number"], position, end))
        elif group == "string":
            tokens.append(Token(Kind.STRING, match["string"].replace("''", "'"), position, end))
        elif group == "quoted":
            tokens.append(Token(Kind.QUOTED, _identifier(match["quoted"]), position, end))
        elif tokens and tokens[-1].upper in _BEFORE_CODE:
            end = _block_end(text, position)
            tokens.append(Token(Kind.BLOCK, text[position + 1 : end - 1], position, end))
        else:
            end = position + 1
            tokens.append(Token(Kind.OPERATOR, "{", position, end))
        position = end
    tokens.append(Token(Kind.END, "", length, length))
    return tokens


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


def quoted(name: str) -> str:
    """Write ``name`` as a delimited identifier of SQLite."""
    return '"' + name.replace('"', '""') + '"'


def _identifier(inside: str) -> str:
    name = inside.replace('""', '"')
    if not name:
        raise SQLError(-1, ' Delimited identifier expected, "" found', location="Prepare")
    return name


def _block_end(text: str, start: int) -> int:
    # ObjectScript quotes with " only, its ' is an operator: braces inside strings do not count
    depth = 0
    in_string = False
    for position in range(start, len(text)):
        character = text[position]
        if character == '"':
            in_string = not in_string
        elif not in_string:
            if character == "{":
                depth += 1
            elif character == "}":
                depth -= 1
                if depth == 0:
                    return position + 1
    raise SQLError(-1, " } expected, end of text found", location="Prepare")


def _no_token(text: str, position: int) -> SQLError:
    character = text[position]
    if character in "'\"":
        return SQLError(-3, f"Closing quote ({character}) missing", location="Prepare")
    return SQLError(-1, f" Unexpected character '{character}'^{text[: position + 1]}", location="Prepare")


_RESERVED = (
    "%AFTERHAVING %ALLINDEX %ALPHAUP %ALTER %BEGTRANS %CHECKPRIV %CLASSNAME %CLASSPARAMETER %DBUGFULL "
    "%DELDATA %DESCRIPTION %EXACT %EXTERNAL %FILE %FIRSTTABLE %FLATTEN %FOREACH %FULL %ID %IDADDED "
    "%IGNOREINDEX %IGNOREINDICES %INLIST %INORDER %INTERNAL %INTEXT %INTRANS %INTRANSACTION %KEY %MATCHES "
    "%MCODE %MERGE %MINUS %MVR %NOCHECK %NODELDATA %NOFLATTEN %NOFPLAN %NOINDEX %NOLOCK %NOMERGE "
    "%NOPARALLEL %NOREDUCE %NORUNTIME %NOSVSO %NOTOPOPT %NOTRIGGER %NOUNIONOROPT %NUMROWS %ODBCIN "
    "%ODBCOUT %PARALLEL %PLUS %PROFILE %PROFILE_ALL %PUBLICROWID %ROUTINE %ROWCOUNT %RUNTIMEIN "
    "%RUNTIMEOUT %STARTSWITH %STARTTABLE %SQLSTRING %SQLUPPER %STRING %TABLENAME %TRUNCATE %UPPER %VALUE "
    "%VID ABSOLUTE ADD ALL ALLOCATE ALTER AND ANY ARE AS ASC ASSERTION AT AUTHORIZATION AVG BEGIN BETWEEN "
    "BIT BIT_LENGTH BOTH BY CASCADE CASE CAST CHAR CHARACTER CHARACTER_LENGTH CHAR_LENGTH CHECK CLOSE "
    "COALESCE COLLATE COMMIT CONNECT CONNECTION CONSTRAINT CONSTRAINTS CONTINUE CONVERT CORRESPONDING "
    "COUNT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATE "
    "DEALLOCATE DEC DECIMAL DECLARE DEFAULT DEFERRABLE DEFERRED DELETE DESC DESCRIBE DESCRIPTOR "
    "DIAGNOSTICS DISCONNECT DISTINCT DOMAIN DOUBLE DROP ELSE END ENDEXEC ESCAPE EXCEPT EXCEPTION EXEC "
    "EXECUTE EXISTS EXTERNAL EXTRACT FALSE FETCH FIRST FLOAT FOR FOREIGN FOUND FROM FULL GET GLOBAL GO "
    "GOTO GRANT GROUP HAVING HOUR IDENTITY IMMEDIATE IN INDICATOR INITIALLY INNER INPUT INSENSITIVE "
    "INSERT INT INTEGER INTERSECT INTERVAL INTO IS ISOLATION JOIN LANGUAGE LAST LEADING LEFT LEVEL LIKE "
    "LOCAL LOWER MATCH MAX MIN MINUTE MODULE NAMES NATIONAL NATURAL NCHAR NEXT NO NOT NULL NULLIF NUMERIC "
    "OCTET_LENGTH OF ON ONLY OPEN OPTION OR OUTER OUTPUT OVERLAPS PAD PARTIAL PREPARE PRESERVE PRIMARY "
    "PRIOR PRIVILEGES PROCEDURE PUBLIC READ REAL REFERENCES RELATIVE RESTRICT REVOKE RIGHT ROLE ROLLBACK "
    "ROWS SCHEMA SCROLL SECOND SECTION SELECT SESSION_USER SET SHARD SMALLINT SOME SPACE SQLERROR "
    "SQLSTATE STATISTICS SUBSTRING SUM SYSDATE SYSTEM_USER TABLE TEMPORARY THEN TIME TIMEZONE_HOUR "
    "TIMEZONE_MINUTE TO TOP TRAILING TRANSACTION TRIM TRUE UNION UNIQUE UPDATE UPPER USER USING VALUES "
    "VARCHAR VARYING WHEN WHENEVER WHERE WITH WORK WRITE"
)

RESERVED_WORDS = words(_RESERVED) | {"ORDER"}
"""Words that must be quoted to be a name (Ref *Reserved words*: the ``%`` words and the SQL-92 set)."""
