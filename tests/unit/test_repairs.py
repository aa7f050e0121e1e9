"""Which repairs are chosen, where they apply, and what they leave alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import iris
import pytest
import sqlalchemy as sa
from sqlalchemy_iris.intersystems import IRISDialect_intersystems

from iris_devtools import repairs
from iris_devtools.errors import ConfigurationError
from iris_devtools.repairs.fetch_first import says_fetch_first
from iris_devtools.repairs.lost_connections import means_disconnected
from iris_devtools.repairs.model import Repair

NAMES = tuple(repair.name for repair in repairs.REPAIRS)


def names(chosen: tuple[Repair, ...]) -> tuple[str, ...]:
    return tuple(repair.name for repair in chosen)


@pytest.mark.parametrize("everything", [True, "all", ["all"], " all "])
def test_all_repairs_are_chosen(everything: repairs.Selection) -> None:
    assert names(repairs.choose_repairs(everything)) == NAMES


@pytest.mark.parametrize("nothing", [False, "none", [], ""])
def test_no_repair_is_chosen(nothing: repairs.Selection) -> None:
    assert repairs.choose_repairs(nothing) == ()


def test_named_repairs_are_chosen_in_the_order_of_their_cures() -> None:
    assert names(repairs.choose_repairs("row-counts, fetch-first")) == ("fetch-first", "row-counts")


def test_a_minus_leaves_a_repair_out() -> None:
    assert set(NAMES) - set(names(repairs.choose_repairs(["-row-counts"]))) == {"row-counts"}


def test_an_unknown_repair_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ConfigurationError, match="fetch-first"):
        repairs.choose_repairs("fetch_first")


def test_named_and_left_out_repairs_do_not_mix() -> None:
    with pytest.raises(ConfigurationError, match="not both"):
        repairs.choose_repairs("row-counts,-fetch-first")


def test_every_repair_says_in_one_line_what_it_mends() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for repair in repairs.REPAIRS:
        assert repair.mends and "\n" not in repair.mends and not repair.mends.endswith(".")
        assert repair.requires


def test_all_repairs_apply_to_the_installed_packages() -> None:
    assert [state.repair.name for state in repairs.states() if not state.active] == []


def test_a_switched_off_repair_is_listed_as_such() -> None:
    off = [state for state in repairs.states("-row-counts") if not state.active]
    assert [(state.repair.name, state.reason) for state in off] == [("row-counts", "switched off")]


def test_a_repair_stays_away_from_versions_that_it_does_not_know() -> None:
    newer = Repair(name="x", mends="y", requires=("sqlalchemy-iris>=99",))
    assert "is outside >=99" in newer.obstacle()
    absent = Repair(name="x", mends="y", requires=("no-such-distribution>=1",))
    assert absent.obstacle() == "no-such-distribution is not installed"


def test_repairs_belong_to_one_engine() -> None:
    repaired = sa.create_engine("iris://u:p@localhost/NS")
    untouched = sa.create_engine("iris://u:p@localhost/NS")
    assert names(repairs.apply(repaired)) == repairs.applied(repaired) == NAMES
    assert repairs.applied(untouched) == ()
    assert type(untouched.dialect) is IRISDialect_intersystems
    assert untouched.dialect.insert_executemany_returning_sort_by_parameter_order
    assert not repaired.dialect.insert_executemany_returning_sort_by_parameter_order


def test_a_repaired_dialect_is_still_the_dialect() -> None:
    engine = sa.create_engine("iris://u:p@localhost/NS")
    repairs.apply(engine)
    assert isinstance(engine.dialect, IRISDialect_intersystems)
    assert engine.dialect._supports_statement_cache
    assert engine.dialect.name == "iris"


def test_applying_twice_changes_nothing() -> None:
    engine = sa.create_engine("iris://u:p@localhost/NS")
    repairs.apply(engine, repairs="fetch-first")
    before = type(engine.dialect)
    repairs.apply(engine, repairs="fetch-first")
    assert type(engine.dialect) is before
    assert names(repairs.apply(engine, repairs="fetch-first,row-counts")) == ("fetch-first", "row-counts")


def test_other_databases_are_left_alone() -> None:
    engine = sa.create_engine("sqlite://")
    assert repairs.apply(engine) == ()
    assert repairs.applied(engine) == ()


class RefusingConnection:
    """A connection of an account that may not read the option."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    @contextmanager
    def cursor(self) -> Iterator[RefusingConnection]:
        yield self

    def execute(self, *_: object) -> None:
        raise self.error


def test_a_plain_account_cannot_read_the_isolation_level_without_the_repair() -> None:
    refused = RefusingConnection(iris.dbapi.DatabaseError("[SQLCODE: <-99>:<Privilege violation>]"))
    engine = sa.create_engine("iris://u:p@localhost/NS")
    with pytest.raises(AttributeError):
        engine.dialect.get_isolation_level(refused)  # type: ignore[arg-type]
    repairs.apply(engine, repairs="plain-accounts")
    assert engine.dialect.get_isolation_level(refused) == "READ UNCOMMITTED"  # type: ignore[arg-type]


def test_other_failures_to_read_the_isolation_level_are_not_hidden() -> None:
    engine = sa.create_engine("iris://u:p@localhost/NS")
    repairs.apply(engine, repairs="plain-accounts")
    with pytest.raises(AttributeError, match="mistake"):
        engine.dialect.get_isolation_level(RefusingConnection(AttributeError("a mistake")))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM t ORDER BY id FETCH FIRST 3 ROWS ONLY",
        "select id from t offset 2 rows fetch\n next 3 rows only",
        "SELECT ' FETCH FIRST', id FROM t FETCH /* x */ FIRST 3 ROWS ONLY",
    ],
)
def test_fetch_first_is_seen(statement: str) -> None:
    assert says_fetch_first(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM t LIMIT 3",
        "SELECT 'FETCH FIRST' FROM t",
        'SELECT "FETCH FIRST" FROM t -- FETCH NEXT',
        "SELECT /* FETCH FIRST */ prefetch FROM first",
        "SELECT 'it''s FETCH NEXT' FROM t",
    ],
)
def test_fetch_first_in_quotes_and_comments_is_no_keyword(statement: str) -> None:
    assert not says_fetch_first(statement)


@pytest.mark.parametrize(
    "message",
    [
        "<COMMUNICATION LINK ERROR> Failed to send message; Details: Error code: 32 Error message: Broken",
        "<COMMUNICATION ERROR> Message out of order",
        "<COMMUNICATION LINK ERROR> Connection closed",
        "[SQLCODE: <-461>:<Communication link failure>]",
        "Connection is closed",
    ],
)
def test_a_lost_connection_is_known_by_its_message(message: str) -> None:
    assert means_disconnected(message)


@pytest.mark.parametrize(
    "message",
    [
        "<SQL ERROR>; Details: [SQLCODE: <-104>:<Field validation>][%msg: <value 'Connection closed'>]",
        "<LIST ERROR> Cannot write argument in list",
        "",
    ],
)
def test_an_error_that_only_quotes_such_a_message_is_none(message: str) -> None:
    assert not means_disconnected(message)
