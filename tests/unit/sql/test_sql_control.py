"""Statements that neither read nor write rows (iris-sql.md 8.4, 10)."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("text", "verb", "arguments"),
    [
        ("START TRANSACTION", "START TRANSACTION", {"commit_mode": None, "isolation": None, "access": None}),
        (
            "START TRANSACTION %COMMITMODE EXPLICIT",
            "START TRANSACTION",
            {"commit_mode": "EXPLICIT", "isolation": None, "access": None},
        ),
        (
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
            "SET TRANSACTION",
            {"commit_mode": None, "isolation": "READ COMMITTED", "access": None},
        ),
        ("COMMIT", "COMMIT", {}),
        ("COMMIT WORK", "COMMIT", {}),
        ("ROLLBACK", "ROLLBACK", {}),
        ("SAVEPOINT sa_savepoint_1", "SAVEPOINT", {"name": "sa_savepoint_1"}),
        ("ROLLBACK TO SAVEPOINT a", "ROLLBACK TO SAVEPOINT", {"name": "a"}),
        ("SET OPTION LOCK_TIMEOUT = 5", "SET OPTION", {"option": "LOCK_TIMEOUT", "value": "5"}),
        ("SET OPTION lock_timeout = :%qpar(1)", "SET OPTION", {"option": "LOCK_TIMEOUT", "parameter": 1}),
        (
            "%CHECKPRIV SELECT ON %Dictionary.PropertyDefinition",
            "%CHECKPRIV",
            {"privileges": ("SELECT",), "object": ("%Dictionary", "PropertyDefinition")},
        ),
        ("%INTRANSACTION", "%INTRANSACTION", {}),
        (
            "LOCK TABLE app.t IN EXCLUSIVE MODE WAIT 3",
            "LOCK",
            {"table": ("app", "t"), "mode": "EXCLUSIVE", "wait": 3.0, "immediate": False},
        ),
        (
            "UNLOCK t IN SHARE MODE IMMEDIATE",
            "UNLOCK",
            {"table": (None, "t"), "mode": "SHARE", "wait": None, "immediate": True},
        ),
        (
            "CREATE DATABASE abc",
            "CREATE DATABASE",
            {"name": "abc", "directory": None, "if_not_exists": False},
        ),
        (
            "CREATE DATABASE abc ON DIRECTORY '/x' WITH GLOBAL_JOURNAL_STATE = NO",
            "CREATE DATABASE",
            {"name": "abc", "directory": "/x", "if_not_exists": False},
        ),
        (
            "DROP DATABASE IF EXISTS abc RETAIN_FILES",
            "DROP DATABASE",
            {"name": "abc", "if_exists": True, "retain_files": True},
        ),
        ("USE abc", "USE DATABASE", {"name": "abc"}),
        ("TUNE TABLE app.t", "TUNE TABLE", {"table": ("app", "t")}),
        ("PURGE CACHED QUERIES", "PURGE CACHED QUERIES", {}),
        ("CREATE USER jo IDENTIFY BY secret", "CREATE USER", {"name": "jo", "password": "secret"}),
        ("CREATE ROLE clerk", "CREATE ROLE", {"name": "clerk"}),
        ("my . proc", "CALL", {"name": "my.proc", "arguments": ()}),
        ("CALL my.proc(?, 'x')", "CALL", {"name": "my.proc", "arguments": (1, "x")}),
        (
            "GRANT SELECT, UPDATE ON app.t, other TO jo, clerk WITH GRANT OPTION",
            "GRANT",
            {
                "privileges": ("SELECT", "UPDATE"),
                "objects": (("app", "t"), (None, "other")),
                "grantees": ("jo", "clerk"),
                "option": True,
            },
        ),
        (
            "REVOKE %CREATE_TABLE FROM jo",
            "REVOKE",
            {"privileges": ("%CREATE_TABLE",), "objects": (), "grantees": ("jo",), "option": False},
        ),
    ],
)
def test_control_statements_say_what_they_want(sql, text, verb, arguments):
    control = sql.control(text)
    assert (control.verb, control.arguments) == (verb, arguments)


@pytest.mark.parametrize(
    ("text", "sqlcode"),
    [
        ("BEGIN", -51),
        ("COMMIT AND CHAIN", -25),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", -96),
        ("SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED, READ WRITE", -92),
        ("SAVEPOINT select", -301),
        ("SAVEPOINT sys_a", -302),
        ("RELEASE SAVEPOINT a", -51),
        ("SET x = 1", -1),
    ],
)
def test_what_iris_has_not_is_refused(sql, text, sqlcode):
    assert sql.refusal(text).sqlcode == sqlcode
