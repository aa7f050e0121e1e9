from __future__ import annotations

from pathlib import PurePath

import pytest

from iris_devtools.errors import ConfigurationError
from iris_devtools.testing.ladder import Wish, directory_rules, rule_for, wish
from iris_devtools.testing.traces import kind_of


def wished(marker: dict[str, object] | None = None, *, default: str = "auto", remembered: str | None = None):
    return wish(marker or {}, default=default, remembered=remembered, test="test_it")


def test_auto_begins_with_rollback_and_goes_on_where_it_was() -> None:
    assert wished() == Wish("rollback", automatic=True)
    assert wished(remembered="restore") == Wish("restore", automatic=True)


def test_what_is_remembered_counts_for_auto_alone() -> None:
    assert wished(default="rollback", remembered="restore") == Wish("rollback")
    assert wished({"isolation": "rollback"}, remembered="namespace") == Wish("rollback")


def test_a_rung_that_is_no_longer_there_is_forgotten() -> None:
    assert wished(remembered="attic") == Wish("rollback", automatic=True)


def test_the_marker_wins_over_the_default() -> None:
    assert wished({"isolation": "namespace"}, default="rollback") == Wish("namespace")
    assert wished({"isolation": "auto"}, default="restore") == Wish("rollback", automatic=True)


def test_a_revision_means_a_namespace_of_its_own() -> None:
    assert wished({"revision": "0001"}, default="rollback") == Wish("namespace", revision="0001")


@pytest.mark.parametrize(
    "marker",
    [
        {"isolation": "attic"},
        {"revision": 7},
        {"level": "restore"},
        {"revision": "1", "isolation": "rollback"},
        {"revision": "1", "isolation": "container"},
    ],
)
def test_a_marker_that_means_nothing_is_refused(marker: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        wished(marker)


def test_a_server_of_its_own_is_asked_for_and_never_climbed_to() -> None:
    assert wished(default="container") == Wish("container")
    assert wished({"isolation": "container"}) == Wish("container")
    assert wished({"revision": "0001"}, default="container") == Wish("namespace", revision="0001")


def test_the_nearest_directory_has_the_say() -> None:
    rules = directory_rules(["tests = restore", "", "tests/slow = namespace"])
    assert rule_for(PurePath("tests/test_a.py"), rules) == "restore"
    assert rule_for(PurePath("tests/slow/deep/test_a.py"), rules) == "namespace"
    assert rule_for(PurePath("other/test_a.py"), rules) is None
    assert rule_for(PurePath("tests_too/test_a.py"), rules) is None


@pytest.mark.parametrize("line", ["tests", "= restore", "tests = attic"])
def test_a_line_that_cannot_be_read_is_refused(line: str) -> None:
    with pytest.raises(ConfigurationError):
        directory_rules([line])


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT 1", "read"),
        ("  (select 1)", "read"),
        ("-- a note\n/* and\nanother */ Select 1", "read"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "read"),
        ("INSERT INTO t VALUES (1)", "write"),
        ("update t set a = 1", "write"),
        ("CALL anything()", "write"),
        ("", "write"),
        ("CREATE TABLE t (a INTEGER)", "ddl"),
        ("/* SELECT */ DROP TABLE t", "ddl"),
        ("SAVEPOINT a", "control"),
    ],
)
def test_what_is_not_known_to_read_may_write(statement: str, kind: str) -> None:
    assert kind_of(statement) == kind
