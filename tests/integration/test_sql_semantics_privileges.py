"""Users, roles and privileges: Ref GRANT, REVOKE, CREATE ROLE; -99 as iris-sql 11 has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import iris
import pytest


@pytest.fixture
def other(sql, server_under_test, unique) -> Iterator[Callable[[str], str]]:
    """What a user without privileges gets from a statement: ``done``, or SQLCODE and %msg."""
    sql.run(f"CREATE USER {unique} IDENTIFY BY s3cret", f"CREATE TABLE {unique} (a INTEGER)")
    namespace = sql.value("SELECT $NAMESPACE")
    server = server_under_test
    connection = iris.connect(server.host, server.port, namespace, unique, "s3cret", autoCommit=True)
    cursor = connection.cursor()

    def run(text: str) -> str:
        try:
            cursor.execute(text)
        except iris.dbapi.Error as error:
            lines = str(error).splitlines()
            return lines[0].partition("<-")[2].partition(">")[0] + lines[-1].partition("[%msg: <")[2][:-2]
        return "done"

    yield run
    cursor.close()
    connection.close()
    sql.run(f"DROP USER {unique}")


STATEMENTS = [
    ("SELECT", "SELECT a FROM {t}"),
    ("SELECT", "SELECT (SELECT COUNT(*) FROM {t})"),
    ("INSERT", "INSERT INTO {t} VALUES (1)"),
    ("UPDATE", "UPDATE {t} SET a = 2"),
    ("DELETE", "DELETE FROM {t}"),
]


@pytest.mark.parametrize(
    ("privilege", "text"), STATEMENTS, ids=[text.split("{")[0] for _, text in STATEMENTS]
)
def test_a_statement_needs_its_privilege_on_the_table(sql, other, unique, privilege, text):
    """What was granted can be done at once, what was revoked no longer, also for a kept statement."""
    refused = f"99User '{unique}' is not privileged for the operation"
    statement = text.format(t=unique)
    assert other(statement) == refused
    sql.run(f"GRANT {privilege} ON {unique} TO {unique}")
    assert other(statement) == "done"
    assert other(statement) == "done"
    sql.run(f"REVOKE {privilege} ON {unique} FROM {unique}")
    assert other(statement) == refused


@pytest.mark.parametrize(
    "grant",
    [
        "ALL PRIVILEGES ON {t} TO {t}",
        "SELECT ON SCHEMA SQLUser TO {t}",
        "SELECT ON * TO {t}",
        "SELECT ON {t} TO *",
    ],
)
def test_a_grant_may_be_for_all(sql, other, unique, grant):
    sql.run(f"GRANT {grant.format(t=unique)}")
    assert other(f"SELECT a FROM {unique}") == "done"
    sql.run(f"REVOKE {grant.format(t=unique).replace(' TO ', ' FROM ')}")
    assert other(f"SELECT a FROM {unique}").startswith("99")


def test_a_role_carries_privileges_to_its_members(sql, other, unique):
    """Also a role that was granted to a role."""
    sql.run(
        f"CREATE ROLE reader{unique}",
        f"CREATE ROLE clerk{unique}",
        f"GRANT SELECT ON {unique} TO reader{unique}",
        f"GRANT reader{unique} TO clerk{unique}",
    )
    assert other(f"SELECT a FROM {unique}").startswith("99")
    sql.run(f"GRANT clerk{unique} TO {unique}")
    assert other(f"SELECT a FROM {unique}") == "done"
    sql.run(f"REVOKE clerk{unique} FROM {unique}")
    assert other(f"SELECT a FROM {unique}").startswith("99")
    sql.run(f"GRANT reader{unique} TO {unique}", f"DROP ROLE reader{unique}")
    assert other(f"SELECT a FROM {unique}").startswith("99")
    assert sql.failure(f"CREATE ROLE clerk{unique}")[1] == -118
    assert sql.failure(f"DROP ROLE reader{unique}")[1] == -118


def test_definitions_need_a_privilege_of_their_own(sql, other, unique):
    """-99 names it; the owner of a table may do everything with its rows (Ref, Object Owner Privileges)."""
    create = f"CREATE TABLE own{unique} (a INTEGER)"
    assert other(create) == f"99User '{unique}' does not have %CREATE_TABLE privileges"
    sql.run(f"GRANT %DB_OBJECT_DEFINITION TO {unique}")
    assert other(create) == "done"
    assert other(f"INSERT INTO own{unique} VALUES (1)") == "done"
    assert other(f"ALTER TABLE own{unique} ADD COLUMN b INTEGER") == "done"
    assert other(f"ALTER TABLE {unique} ADD COLUMN b INTEGER") == (
        f"99User '{unique}' does not have required %ALTER privilege needed to change the table definition "
        f"for 'SQLUser.{unique}'"
    )
    sql.run(f"GRANT %ALTER ON {unique} TO {unique}")
    assert other(f"ALTER TABLE {unique} ADD COLUMN b INTEGER") == "done"
    assert other(f"DROP TABLE own{unique}") == "done"


def test_words_that_skip_checks_need_privileges_too(sql, other, unique):
    """%NOCHECK and %NOTRIGGER, which is what TRUNCATE does (Ref GRANT)."""
    sql.run(f"GRANT INSERT, DELETE ON {unique} TO {unique}")
    for word, text in (
        ("%NOCHECK", f"INSERT %NOCHECK INTO {unique} VALUES (1)"),
        ("%NOTRIGGER", f"DELETE %NOTRIGGER FROM {unique}"),
        ("%NOTRIGGER", f"TRUNCATE TABLE {unique}"),
    ):
        assert other(text) == f"99User '{unique}' does not have {word} privileges"
    sql.run(f"GRANT %NOCHECK, %NOTRIGGER TO {unique}")
    assert other(f"TRUNCATE TABLE {unique}") == "done"


def test_a_view_reads_with_the_privileges_of_its_owner(sql, other, unique):
    sql.run(f"CREATE VIEW v{unique} AS SELECT a FROM {unique}", f"GRANT SELECT ON v{unique} TO {unique}")
    assert other(f"SELECT a FROM v{unique}") == "done"
    assert other(f"INSERT INTO v{unique} VALUES (1)").startswith("99")
    sql.run(f"GRANT INSERT ON v{unique} TO {unique}")
    assert other(f"INSERT INTO v{unique} VALUES (1)") == "done"
    assert other(f"SELECT a FROM {unique}").startswith("99")


def test_only_the_grant_option_lets_a_user_grant(sql, other, unique):
    grant = f"GRANT SELECT ON {unique} TO _PUBLIC"
    sql.run(f"GRANT SELECT ON {unique} TO {unique}")
    assert other(grant).startswith("99")
    sql.run(f"GRANT SELECT ON {unique} TO {unique} WITH GRANT OPTION")
    assert other(grant) == "done"
    sql.run(f"REVOKE GRANT OPTION FOR SELECT ON {unique} FROM {unique}")
    assert other(grant).startswith("99")
    assert other(f"SELECT a FROM {unique}") == "done"


@pytest.mark.parametrize(
    "text",
    [
        "CREATE USER x IDENTIFY BY y",
        "CREATE ROLE x",
        "DROP ROLE x",
        "DROP USER _SYSTEM",
        "GRANT %All TO {t}",
        "CREATE DATABASE x",
        "DROP DATABASE nowhere",
        "ALTER USER _SYSTEM IDENTIFY BY x",
        "GRANT %CREATE_TABLE TO {t}",
    ],
)
def test_accounts_are_the_administrators_business(other, unique, text):
    assert other(text.format(t=unique)) == f"99User '{unique}' is not privileged for the operation"


def test_what_is_gone_takes_its_privileges_along(sql, other, unique):
    sql.run(
        f"GRANT SELECT ON {unique} TO {unique}",
        f"ALTER TABLE {unique} RENAME new{unique}",
    )
    assert other(f"SELECT a FROM new{unique}") == "done"
    sql.run(
        f"ALTER TABLE new{unique} RENAME {unique}",
        f"DROP TABLE {unique}",
        f"CREATE TABLE {unique} (a INTEGER)",
    )
    assert other(f"SELECT a FROM {unique}").startswith("99")


def test_the_catalogue_and_checkpriv_are_for_everybody(sql, other, unique):
    """The dialect asks for both on every connection; %CHECKPRIV answers 100 for no (Ref %CHECKPRIV)."""
    assert other("%CHECKPRIV SELECT ON %Dictionary.PropertyDefinition") == "done"
    assert other("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES") == "done"
    assert sql.cursor.execute(f"%CHECKPRIV SELECT ON {unique}") == 0


REFUSED = [
    ("GRANT SELECT ON nowhere TO _SYSTEM", -30),
    ("GRANT SELECT ON {t} TO nobody", -118),
    ("GRANT NONSENSE ON {t} TO _SYSTEM", -60),
    ("GRANT SELECT (a) ON {t} TO _SYSTEM", -400),
    ("REVOKE SELECT ON nowhere FROM _SYSTEM", -30),
]


@pytest.mark.parametrize(("text", "code"), REFUSED, ids=[text for text, _ in REFUSED])
def test_a_grant_that_is_refused(sql, unique, text, code):
    sql.run(f"CREATE TABLE {unique} (a INTEGER)")
    assert sql.failure(text.format(t=unique))[1] == code
