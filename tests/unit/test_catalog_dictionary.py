"""Who sees which definitions when, and what shows when two databases do not belong together."""

from __future__ import annotations

import shutil

import pytest

from iris_devtools.standin.catalog.dictionary import SharedCatalog
from iris_devtools.standin.errors import SQLError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "IRIS.DAT"


class TestGenerations:
    def test_a_definition_changes_the_generation_and_nothing_else_does(self, database):
        before = database.dictionary.generation
        database.define("CREATE TABLE t (a INT)")
        after = database.dictionary.generation
        database.write("INSERT INTO t VALUES (?)", 1)

        assert before != after
        assert after == database.dictionary.generation

    def test_a_rollback_brings_definitions_and_generation_back(self, database):
        database.define("CREATE TABLE t (a INT)")
        before = database.dictionary.generation
        table = database.table("t")
        database.connection.execute("BEGIN IMMEDIATE")
        database.apply("ALTER TABLE t ADD COLUMN b INT")
        assert len(database.table("t").columns) == 2
        database.connection.execute("ROLLBACK")

        assert before == database.dictionary.generation
        assert table == database.table("t")

    def test_a_rollback_to_a_savepoint_does_so_too(self, database):
        database.connection.execute("BEGIN IMMEDIATE")
        database.apply("CREATE TABLE t (a INT)")
        before = database.dictionary.generation
        database.connection.execute("SAVEPOINT s")
        database.apply("DROP TABLE t")
        assert database.dictionary.find("SQLUser", "t") is None
        database.connection.execute("ROLLBACK TO s")

        assert before == database.dictionary.generation
        database.table("t")

    def test_others_see_a_definition_when_it_is_committed(self, open_database, path):
        shared = SharedCatalog()
        one, two = open_database(path, shared=shared), open_database(path, shared=shared)
        one.connection.execute("PRAGMA journal_mode = WAL")
        before = two.dictionary.generation
        one.connection.execute("BEGIN IMMEDIATE")
        one.apply("CREATE TABLE t (a INT)")

        one.table("t")
        assert two.dictionary.find("SQLUser", "t") is None
        assert before == two.dictionary.generation
        one.connection.execute("COMMIT")
        one.dictionary.committed()
        assert one.table("t") is two.table("t")
        assert one.dictionary.generation == two.dictionary.generation

    def test_who_has_seen_the_definitions_does_not_read_them_again(self, open_database, path):
        shared = SharedCatalog()
        one, two = open_database(path, shared=shared), open_database(path, shared=shared)
        one.connection.execute("PRAGMA journal_mode = WAL")
        one.define("CREATE TABLE t (a INT)")
        two.table("t")
        read = []
        two.connection.set_trace_callback(read.append)
        for _ in range(3):
            two.table("t")
        assert read == []

        one.define("CREATE TABLE u (a INT)")
        two.table("u")
        assert read != []

    def test_the_same_statement_never_makes_the_same_generation_again(self, database):
        seen = set()
        for _ in range(3):
            database.connection.execute("BEGIN IMMEDIATE")
            database.apply("CREATE TABLE t (a INT)")
            seen.add(database.dictionary.generation)
            database.connection.execute("ROLLBACK")

        assert len(seen) == 3

    def test_an_exchanged_file_shows_its_own_definitions(self, open_database, path, tmp_path):
        shared = SharedCatalog()
        first = open_database(path, shared=shared)
        first.define("CREATE TABLE t (a INT)")
        old = first.dictionary.generation
        shutil.copy(path, tmp_path / "snapshot")
        first.define("DROP TABLE t", "CREATE TABLE t (b INT)")
        first.table("t")
        first.close()
        shutil.copy(tmp_path / "snapshot", path)

        second = open_database(path, shared=shared)
        assert old == second.dictionary.generation
        assert second.table("t").columns[0].name == "a"

    def test_definitions_survive_a_new_connection(self, open_database, path):
        first = open_database(path)
        first.define(
            "CREATE TABLE p (id IDENTITY, PRIMARY KEY (id), %DESCRIPTION 'ps') WITH %CLASSPARAMETER X = 1",
            "CREATE TABLE t (a NUMERIC(9,2) DEFAULT 1, b INT COMPUTECODE {set {*}=1} COMPUTEONCHANGE (a), "
            "c SERIAL, d INT REFERENCES p ON DELETE SET NULL, UNIQUE (a))",
            "CREATE INDEX i ON t (b) WITH DATA (a)",
            "CREATE VIEW v AS SELECT a FROM t WITH CHECK OPTION",
        )
        before = [first.table(name) for name in ("p", "t", "v")]
        first.close()

        second = open_database(path)
        assert before == [second.table(name) for name in ("p", "t", "v")]


class TestTwoDatabases:
    @pytest.fixture
    def pair(self, open_database, tmp_path):
        data, code = tmp_path / "data", tmp_path / "code"

        def open_pair():
            return open_database(data, code=code)

        return open_pair, data, code

    def test_a_table_lives_in_both(self, pair):
        open_pair, _, _ = pair
        database = open_pair()
        database.define(
            "CREATE TABLE t (a INT UNIQUE, b INT)", "ALTER TABLE t DROP COLUMN b", "CREATE INDEX i ON t (a)"
        )
        database.write("INSERT INTO t VALUES (?)", 1)

        assert open_pair().rows("SELECT a FROM t") == [(1,)]
        assert open_pair().rows(
            "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'SQLUser'"
        ) == [("t",)]
        assert database.dictionary.verify() == []

    @pytest.mark.parametrize("exchanged", ["data", "code"])
    def test_one_that_was_exchanged_alone_is_an_error_on_use(self, pair, exchanged, tmp_path):
        open_pair, data, code = pair
        database = open_pair()
        database.define("CREATE TABLE kept (a INT)", "CREATE TABLE t (a INT)")
        database.close()
        path = data if exchanged == "data" else code
        shutil.copy(path, tmp_path / "old")
        database = open_pair()
        database.define("ALTER TABLE t ADD COLUMN b INT", "CREATE TABLE later (a INT)")
        database.close()
        shutil.copy(tmp_path / "old", path)

        database = open_pair()
        database.rows("SELECT a FROM kept")
        with pytest.raises(SQLError) as info:
            database.rows("SELECT a FROM t")
        assert info.value.sqlcode == -400
        assert "<CLASS EDITED>User.t" in info.value.message
        with pytest.raises(SQLError) as info:
            database.rows("SELECT a FROM later")
        assert (-400 if exchanged == "data" else -30) == info.value.sqlcode
        assert len(database.dictionary.verify()) == 2

    def test_an_exchange_is_noticed_though_the_definitions_are_cached(self, open_database, tmp_path):
        shared = SharedCatalog()
        data, code = tmp_path / "data", tmp_path / "code"
        database = open_database(data, code=code, shared=shared)
        shutil.copy(data, tmp_path / "old")
        database.define("CREATE TABLE t (a INT)")
        database.table("t")
        database.close()
        shutil.copy(tmp_path / "old", data)

        with pytest.raises(SQLError, match="CLASS EDITED"):
            open_database(data, code=code, shared=shared).table("t")

    def test_a_table_without_its_rows_can_be_dropped(self, pair, tmp_path):
        open_pair, data, _ = pair
        database = open_pair()
        shutil.copy(data, tmp_path / "old")
        database.define("CREATE TABLE t (a INT)")
        database.close()
        shutil.copy(tmp_path / "old", data)

        database = open_pair()
        database.define("DROP TABLE t", "CREATE TABLE t (a INT)")
        assert database.rows("SELECT a FROM t") == []
        assert database.dictionary.verify() == []

    def test_one_data_database_serves_two_routines_databases(self, open_database, tmp_path):
        one = open_database(tmp_path / "data", code=tmp_path / "code1")
        one.define("CREATE TABLE t (a INT)")
        one.write("INSERT INTO t VALUES (?)", 1)
        one.close()
        two = open_database(tmp_path / "data", code=tmp_path / "code2")
        two.define("CREATE TABLE t (a INT)")

        assert two.rows("SELECT a FROM t") == []

    def test_a_database_may_be_data_here_and_code_there(self, open_database, tmp_path):
        alone = open_database(tmp_path / "x")
        alone.define("CREATE TABLE mine (a INT)")
        alone.close()
        pair = open_database(tmp_path / "x", code=tmp_path / "y")
        pair.define("CREATE TABLE theirs (a INT)")

        names = "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'SQLUser'"
        assert pair.rows(names) == [("theirs",)]
        assert pair.dictionary.find("SQLUser", "mine") is None
        pair.close()
        assert open_database(tmp_path / "x").rows(names) == [("mine",)]


def test_a_dictionary_of_another_format_is_refused(open_database, path):
    database = open_database(path)
    database.connection.execute('UPDATE "%dict.state" SET format = 99 WHERE id = 1')
    database.close()

    with pytest.raises(Exception, match="has format 99"):
        open_database(path)


def test_a_read_only_database_can_be_read(open_database, path):
    database = open_database(path)
    database.define("CREATE TABLE t (a INT)")
    database.close()
    path.chmod(0o444)

    again = open_database(path)
    again.connection.execute("PRAGMA query_only = ON")
    again.table("t")
    assert again.rows("SELECT a FROM t") == []
