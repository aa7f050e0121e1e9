"""LOCK TABLE: who may hold what beside whom."""

from __future__ import annotations

import threading

import pytest

from iris_devtools.standin.session.locks import TableLocks

FIRST, SECOND = 1, 2


@pytest.mark.parametrize(
    ("held", "wanted", "granted"),
    [(False, False, True), (False, True, False), (True, False, False), (True, True, False)],
)
def test_only_shared_locks_go_together(held, wanted, granted):
    locks = TableLocks()
    assert locks.acquire("t", FIRST, exclusive=held, timeout_s=0)

    assert locks.acquire("t", SECOND, exclusive=wanted, timeout_s=0) is granted
    assert locks.acquire("other", SECOND, exclusive=True, timeout_s=0)


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_lock_keeps_others_from_writing_and_not_its_owner(exclusive):
    locks = TableLocks()
    locks.acquire("t", FIRST, exclusive=exclusive, timeout_s=0)

    assert locks.may_write("t", FIRST, timeout_s=0)
    assert not locks.may_write("t", SECOND, timeout_s=0)
    assert locks.may_write("other", SECOND, timeout_s=0)


def test_locks_are_counted():
    locks = TableLocks()
    for _ in range(2):
        locks.acquire("t", FIRST, exclusive=True, timeout_s=0)
    locks.release("t", FIRST, exclusive=True)
    assert not locks.may_write("t", SECOND, timeout_s=0)
    locks.release("t", FIRST, exclusive=True)
    assert locks.may_write("t", SECOND, timeout_s=0)
    locks.release("t", FIRST, exclusive=True)
    assert locks.acquire("t", SECOND, exclusive=True, timeout_s=0)


def test_the_end_of_a_session_gives_back_all_its_locks():
    locks = TableLocks()
    locks.acquire("a", FIRST, exclusive=True, timeout_s=0)
    locks.acquire("b", FIRST, exclusive=False, timeout_s=0)
    locks.acquire("b", SECOND, exclusive=False, timeout_s=0)

    locks.release_all(FIRST)

    assert locks.acquire("a", SECOND, exclusive=True, timeout_s=0)
    assert locks.acquire("b", SECOND, exclusive=True, timeout_s=0)


def test_whoever_waits_gets_the_lock_when_it_is_given_back():
    locks = TableLocks()
    locks.acquire("t", FIRST, exclusive=True, timeout_s=0)
    granted = []
    thread = threading.Thread(
        target=lambda: granted.append(locks.acquire("t", SECOND, exclusive=True, timeout_s=20))
    )
    thread.start()
    locks.release("t", FIRST, exclusive=True)
    thread.join(20)

    assert granted == [True]
