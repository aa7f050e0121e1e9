from __future__ import annotations

import threading

import pytest

from iris_devtools.testing.pool import Pool


class Maker:
    """Make names, and let tests wait until a number of them was made."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.asked: list[str | None] = []
        self.changed = threading.Condition()

    def __call__(self, used: str | None) -> str:
        with self.changed:
            self.asked.append(used)
            name = used or f"N{len(self.made) + 1}"
            self.made.append(name)
            self.changed.notify_all()
        return name

    def wait_for(self, number: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.made) >= number, timeout=10)


def test_no_more_are_made_than_are_expected() -> None:
    maker = Maker()
    pool = Pool(maker, size=5)
    pool.expect(2)
    maker.wait_for(2)
    assert {pool.acquire(), pool.acquire()} == {"N1", "N2"}
    pool.close()
    assert maker.made == ["N1", "N2"]


def test_no_more_are_kept_than_the_size_says() -> None:
    maker = Maker()
    pool = Pool(maker, size=1)
    pool.expect(3)
    maker.wait_for(1)
    pool.acquire()
    maker.wait_for(2)
    pool.close()
    assert len(maker.made) == 2


def test_one_that_nobody_expected_is_made_while_it_is_waited_for() -> None:
    pool = Pool(Maker(), size=0)
    assert pool.acquire() == "N1"
    assert (pool.hits, pool.misses) == (0, 1)
    pool.close()


def test_a_used_one_is_prepared_before_a_new_one_is_made() -> None:
    maker = Maker()
    pool = Pool(maker, size=1)
    pool.release(pool.acquire())
    assert pool.acquire() == "N1"
    pool.close()
    assert maker.asked == [None, "N1"]


def test_a_failure_is_raised_where_one_is_waited_for_and_tried_again() -> None:
    outcomes = [RuntimeError("full"), None]

    def prepare(used: str | None) -> str:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return "N1"

    pool = Pool(prepare, size=0)
    with pytest.raises(RuntimeError, match="full"):
        pool.acquire()
    assert pool.acquire() == "N1"
    pool.close()


def test_a_closed_pool_makes_nothing() -> None:
    maker = Maker()
    pool = Pool(maker, size=2)
    pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        pool.acquire()
    assert maker.made == []


def test_each_of_many_threads_has_one_for_itself() -> None:
    pool = Pool(Maker(), size=3)
    held: set[str] = set()
    clashes: list[str] = []
    guard = threading.Lock()

    def work() -> None:
        for _ in range(50):
            name = pool.acquire()
            with guard:
                if name in held:
                    clashes.append(name)
                held.add(name)
            with guard:
                held.remove(name)
            pool.release(name)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    pool.close()
    assert clashes == []
