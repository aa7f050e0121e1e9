"""The code of the aggregates that SQLite lacks: exact sums, statistics, lists (iris-sql.md 6.5).

Each class follows sqlite3's protocol: ``step`` takes a row, ``inverse`` gives it back when a window moves on,
``value`` is the result so far. NULL is skipped.
"""

from __future__ import annotations

import json
from decimal import Context, Decimal

from iris_devtools.standin.sql import numbers
from iris_devtools.standin.sql.functions_numbers import keep, number
from iris_devtools.standin.sql.lists import build
from iris_devtools.standin.values import Scalar

__all__ = ["AGGREGATES", "Aggregate"]

_WIDE = Context(prec=60)


class Aggregate:
    """Base of all aggregates."""

    def step(self, value: Scalar) -> None:
        """Take one row."""
        if value is not None:
            self.add(value)

    def inverse(self, value: Scalar) -> None:
        """Give one row back."""
        if value is not None:
            self.remove(value)

    def finalize(self) -> Scalar:
        """Return the result of the whole group."""
        return self.value()

    def add(self, value: Scalar) -> None:
        """Take one value that is not NULL."""
        raise AssertionError(value)

    def remove(self, value: Scalar) -> None:
        """Give one value back that is not NULL."""
        raise AssertionError(value)

    def value(self) -> Scalar:
        """Return the result so far."""
        raise AssertionError


class _Moments(Aggregate):
    """Count, sum and sum of squares, exactly."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = Decimal(0)
        self.squares = Decimal(0)

    def add(self, value: Scalar) -> None:
        exact = number(value)
        self.count += 1
        self.sum = _WIDE.add(self.sum, exact)
        self.squares = _WIDE.add(self.squares, _WIDE.multiply(exact, exact))

    def remove(self, value: Scalar) -> None:
        exact = number(value)
        self.count -= 1
        self.sum = _WIDE.subtract(self.sum, exact)
        self.squares = _WIDE.subtract(self.squares, _WIDE.multiply(exact, exact))

    def spread(self, *, divisor: int) -> Decimal | None:
        """Return the variance over the given divisor, ``None`` without values."""
        if self.count == 0:
            return None
        if divisor <= 0:
            return Decimal(0)
        mean_square = _WIDE.divide(_WIDE.multiply(self.sum, self.sum), Decimal(self.count))
        return _WIDE.divide(max(self.squares - mean_square, Decimal(0)), Decimal(divisor))


class _Sum(_Moments):
    def value(self) -> Scalar:
        return keep(self.sum) if self.count else None


class _Average(_Moments):
    def value(self) -> Scalar:
        return keep(numbers.divide(self.sum, Decimal(self.count))) if self.count else None


class _Variance(_Moments):
    def value(self) -> Scalar:
        return _shown(self.spread(divisor=self.count - 1))


class _VariancePopulation(_Moments):
    def value(self) -> Scalar:
        return _shown(self.spread(divisor=self.count))


class _Deviation(_Moments):
    def value(self) -> Scalar:
        return _root(self.spread(divisor=self.count - 1))


class _DeviationPopulation(_Moments):
    def value(self) -> Scalar:
        return _root(self.spread(divisor=self.count))


def _shown(value: Decimal | None) -> Scalar:
    return None if value is None else keep(+value.normalize(Context(prec=18)))


def _root(value: Decimal | None) -> Scalar:
    return None if value is None else keep(value.sqrt(Context(prec=18)))


class _Values(Aggregate):
    """All values in their order."""

    def __init__(self) -> None:
        self.items: list[Scalar] = []

    def add(self, value: Scalar) -> None:
        self.items.append(value)

    def remove(self, value: Scalar) -> None:
        self.items.remove(value)


class _List(_Values):
    def value(self) -> Scalar:
        return ",".join(numbers.text_of(item) or "" for item in self.items) if self.items else None


class _Concatenated(_Values):
    def value(self) -> Scalar:
        return "".join(numbers.text_of(item) or "" for item in self.items) if self.items else None


class _EncodedList(_Values):
    def value(self) -> Scalar:
        return build(self.items) if self.items else None


class _JsonArray(_Values):
    """Cut at 8192 characters without an error, as IRIS does."""

    def value(self) -> Scalar:
        if not self.items:
            return None
        shown = [numbers.text_of(item) if isinstance(item, bytes) else item for item in self.items]
        return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))[:8192]


class _Minimum(_Values):
    def value(self) -> Scalar:
        return min(self.items, key=lambda item: numbers.decimal_key(item) or "") if self.items else None


class _Maximum(_Values):
    def value(self) -> Scalar:
        return max(self.items, key=lambda item: numbers.decimal_key(item) or "") if self.items else None


AGGREGATES: dict[str, type[Aggregate]] = {
    "iris_sum": _Sum,
    "iris_avg": _Average,
    "iris_variance": _Variance,
    "iris_variance_pop": _VariancePopulation,
    "iris_stddev": _Deviation,
    "iris_stddev_pop": _DeviationPopulation,
    "iris_list": _List,
    "iris_encoded_list": _EncodedList,
    "iris_concatenated": _Concatenated,
    "iris_json_array_agg": _JsonArray,
    "iris_min": _Minimum,
    "iris_max": _Maximum,
}
