"""The code of the functions on dates and times (iris-sql.md 6.3, 6.4). NULL arguments never arrive."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import dates, numbers
from iris_devtools.standin.sql.formats import format_moment, format_number, parse_moment
from iris_devtools.standin.values import Scalar

__all__ = ["DATE_FUNCTIONS", "moment_of"]

_PARTS = {
    "year": "year yyyy yy sql_tsi_year",
    "quarter": "quarter qq q sql_tsi_quarter",
    "month": "month mm m sql_tsi_month",
    "week": "week wk ww sql_tsi_week",
    "weekday": "weekday dw w",
    "day": "day dd d sql_tsi_day",
    "dayofyear": "dayofyear dy y",
    "hour": "hour hh h sql_tsi_hour",
    "minute": "minute mi n sql_tsi_minute",
    "second": "second ss s sql_tsi_second",
    "millisecond": "millisecond ms sql_tsi_frac_second",
    "microsecond": "microsecond mcs",
    "nanosecond": "nanosecond ns",
    "sqltimestamp": "sqltimestamp sts",
}
_PART_OF = {name: part for part, names in _PARTS.items() for name in names.split()}
_SPANS = {
    "week": timedelta(weeks=1),
    "weekday": timedelta(days=1),
    "day": timedelta(days=1),
    "dayofyear": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
    "millisecond": timedelta(milliseconds=1),
    "microsecond": timedelta(microseconds=1),
}
_FIRST_OF = re.compile(r"\s*(\d+)")


def moment_of(value: Scalar) -> datetime:
    """Read a date, time or timestamp: ISO text or a stored day number; raises SQLError -400 otherwise."""
    if isinstance(value, str):
        parts = dates.timestamp_parts(value)
        if parts is not None:
            return parts[0].replace(microsecond=int((parts[1] + "000000")[:6]))
        seconds = dates.parse_time(value)
        if seconds is not None:
            return datetime(1841, 1, 1) + timedelta(seconds=seconds)
    exact = numbers.exact_decimal(value)
    if exact is not None:
        try:
            day = dates.date_of_day(int(exact))
        except (ValueError, OverflowError):
            pass
        else:
            return datetime(day.year, day.month, day.day)
    raise SQLError(-400, f"Unexpected error occurred:  <ILLEGAL VALUE> '{value!s}' is no date or time")


def _part(name: Scalar) -> str:
    part = _PART_OF.get(str(name).strip().lower())
    if part is None:
        raise SQLError(-8, f" Invalid DATEPART code '{name!s}'")
    return part


def _text(moment: datetime) -> str:
    return dates.timestamp_text(moment)


def _dateadd(name: Scalar, count: Scalar, value: Scalar) -> str:
    part, moment = _part(name), moment_of(value)
    exact = numbers.leading_number(count) or numbers.leading_number("0")
    amount = int(exact or 0)
    try:
        if part in ("year", "quarter", "month"):
            months = amount * {"year": 12, "quarter": 3, "month": 1}[part]
            index = moment.year * 12 + moment.month - 1 + months
            year, month = divmod(index, 12)
            day = min(moment.day, calendar.monthrange(year, month + 1)[1])
            return _text(moment.replace(year=year, month=month + 1, day=day))
        if part == "nanosecond":
            return _text(moment + timedelta(microseconds=amount // 1000))
        return _text(moment + _SPANS[part] * amount)
    except (ValueError, OverflowError):
        raise SQLError(-400, "Unexpected error occurred:  <ILLEGAL VALUE> the date is out of range") from None


def _datediff(name: Scalar, start: Scalar, end: Scalar) -> int | None:
    try:
        part = _part(name)
    except SQLError:
        return None
    a, b = moment_of(start), moment_of(end)
    if part == "year":
        return b.year - a.year
    if part == "month":
        return (b.year - a.year) * 12 + b.month - a.month
    if part == "quarter":
        return None
    days = b.date().toordinal() - a.date().toordinal()
    if part in ("day", "dayofyear", "weekday"):
        return days
    if part == "week":
        return _week_index(b) - _week_index(a)
    difference = b - a
    if part == "hour":
        return days * 24 + b.hour - a.hour
    if part == "minute":
        return days * 1440 + (b.hour - a.hour) * 60 + b.minute - a.minute
    if part == "second":
        return (b.replace(microsecond=0) - a.replace(microsecond=0)) // timedelta(seconds=1)
    if part == "millisecond":
        return difference // timedelta(milliseconds=1)
    return difference // timedelta(microseconds=1) * (1000 if part == "nanosecond" else 1)


def _week_index(moment: datetime) -> int:
    return moment.date().toordinal() // 7  # ordinal 7 is a Sunday


def _week_of_year(day: date) -> int:
    first = date(day.year, 1, 1)
    return (day.timetuple().tm_yday + (first.isoweekday() % 7) + 6) // 7


def _datepart(name: Scalar, value: Scalar) -> Scalar:
    part, moment = _part(name), moment_of(value)
    if part == "quarter":
        return (moment.month + 2) // 3
    if part == "week":
        return _week_of_year(moment.date())
    if part == "weekday":
        return moment.isoweekday() % 7 + 1
    if part == "dayofyear":
        return moment.timetuple().tm_yday
    if part == "millisecond":
        return moment.microsecond // 1000
    if part == "nanosecond":
        return moment.microsecond * 1000
    if part == "sqltimestamp":
        return _text(moment)
    return int(getattr(moment, part))


def _datename(name: Scalar, value: Scalar) -> str:
    part = _part(name)
    if part == "month":
        return calendar.month_name[moment_of(value).month]
    if part == "weekday":
        return calendar.day_name[moment_of(value).weekday()]
    return str(_datepart(name, value))


def _date_trunc(name: Scalar, value: Scalar) -> str:
    part, moment = _part(name), moment_of(value)
    day = datetime(moment.year, moment.month, moment.day)
    if part == "year":
        return _text(datetime(moment.year, 1, 1))
    if part == "quarter":
        return _text(datetime(moment.year, (moment.month - 1) // 3 * 3 + 1, 1))
    if part == "month":
        return _text(datetime(moment.year, moment.month, 1))
    if part == "week":
        return _text(day - timedelta(days=moment.weekday()))
    if part in ("day", "dayofyear", "weekday"):
        return _text(day)
    if part == "hour":
        return _text(moment.replace(minute=0, second=0, microsecond=0))
    if part == "minute":
        return _text(moment.replace(second=0, microsecond=0))
    if part == "second":
        return _text(moment.replace(microsecond=0))
    return _text(
        moment.replace(microsecond=moment.microsecond // 1000 * 1000) if part == "millisecond" else moment
    )


def _last_day(value: Scalar) -> int:
    moment = moment_of(value)
    return dates.day_number(
        date(moment.year, moment.month, calendar.monthrange(moment.year, moment.month)[1])
    )


def _date_of(value: Scalar) -> int:
    return dates.day_number(moment_of(value).date())


def _unix_timestamp(value: Scalar) -> Scalar:
    micros = (moment_of(value) - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    return numbers.stored(numbers.divide(Decimal(micros), Decimal(1_000_000)))


# -- conversion ------------------------------------------------------------------------------------


def _date_in(value: Scalar) -> Scalar:
    if isinstance(value, (int, float)):
        return int(value)
    text = numbers.text_of(value) or ""
    day = dates.parse_date(text)
    if day is not None:
        return day
    exact = numbers.exact_decimal(text)
    if exact is None:
        raise SQLError(-146, f"Error: '{text}' is an invalid ODBC/JDBC Date value")
    return int(exact)


def _time_in(value: Scalar) -> Scalar:
    if isinstance(value, (int, float)):
        return value
    text = numbers.text_of(value) or ""
    seconds = dates.parse_time(text)
    if seconds is not None:
        return seconds
    exact = numbers.exact_decimal(text)
    if exact is None:
        raise SQLError(-147, f"Error: '{text}' is an invalid ODBC/JDBC Time value")
    return numbers.stored(exact)


def _timestamp_in(value: Scalar) -> Scalar:
    text = numbers.text_of(value) or ""
    return dates.parse_timestamp(text) or text


def _timestamp_or_error(value: Scalar) -> str:
    return dates.parse_timestamp(numbers.text_of(value) or "") or "error"


def _cast_date(value: Scalar) -> int:
    if isinstance(value, str):
        day = dates.parse_date(value)
        if day is not None:
            return day
    exact = numbers.exact_decimal(value)
    return 0 if exact is None else int(exact)


def _cast_time(value: Scalar) -> Scalar:
    if isinstance(value, str):
        parts = dates.timestamp_parts(value)
        seconds = dates.parse_time(value)
        if parts is not None:
            moment, fraction = parts
            seconds = dates.seconds_of(moment.hour, moment.minute, moment.second, fraction)
        if seconds is not None:
            return seconds
    exact = numbers.exact_decimal(value)
    return 0 if exact is None or not 0 <= exact < 86400 else numbers.stored(exact)


def _to_timestamp(value: Scalar, kind: Scalar) -> str:
    if kind == "timestamp" and isinstance(value, str):
        return value
    if kind == "time":
        return _text(datetime(1841, 1, 1) + timedelta(seconds=float(numbers.exact_decimal(value) or 0)))
    if kind == "posix" and isinstance(value, int):
        return dates.timestamp_of_posix(value)
    return _text(moment_of(value))


def _to_char(value: Scalar, form: Scalar, kind: Scalar) -> str:
    pattern = str(form)
    if kind == "number" or (isinstance(value, (int, float)) and set(pattern.upper()) & set("90")):
        return format_number(numbers.leading_number(value) or Decimal(0), pattern)
    return format_moment(moment_of(value), pattern)


def _to_date(value: Scalar, form: Scalar = "DD MON YYYY") -> int:
    text = numbers.text_of(value) or ""
    if re.fullmatch(r"\d{8}", text.strip()) and form == "DD MON YYYY":
        form = "YYYYMMDD"
    return dates.day_number(parse_moment(text, str(form)).date())


def _parse_timestamp(value: Scalar, form: Scalar = "DD MON YYYY HH:MI:SS") -> str:
    return _text(parse_moment(numbers.text_of(value) or "", str(form)))


_STYLES = {
    101: "MM/DD/YYYY",
    102: "YYYY.MM.DD",
    103: "DD/MM/YYYY",
    104: "DD.MM.YYYY",
    105: "DD-MM-YYYY",
    106: "DD MON YYYY",
    107: "MON DD, YYYY",
    108: "HH24:MI:SS",
    110: "MM-DD-YYYY",
    111: "YYYY/MM/DD",
    112: "YYYYMMDD",
    120: "YYYY-MM-DD HH24:MI:SS",
    121: "YYYY-MM-DD HH24:MI:SS.FF",
}


def _convert(value: Scalar, source: Scalar, target: Scalar, style: Scalar) -> Scalar:
    form = _STYLES.get(int(numbers.leading_number(style) or 0))
    if form is None:
        raise SQLError(-141, f"Style {style!s} is unknown")
    try:
        if target in ("VARCHAR", "LONGVARCHAR"):
            moment = moment_of(dates.time_text(float(value or 0)) if source == "TIME" else value)
            return format_moment(moment, form)
        moment = parse_moment(numbers.text_of(value) or "", form)
    except SQLError:
        raise SQLError(-141, f"Invalid input value '{value!s}' passed to the CONVERT function") from None
    if target == "DATE":
        return dates.day_number(moment.date())
    if target == "TIME":
        return moment.hour * 3600 + moment.minute * 60 + moment.second
    return _text(moment)


DATE_FUNCTIONS: dict[str, Callable[..., Scalar]] = {
    "iris_dateadd": _dateadd,
    "iris_datediff": _datediff,
    "iris_datepart": _datepart,
    "iris_datename": _datename,
    "iris_date_trunc": _date_trunc,
    "iris_last_day": _last_day,
    "iris_date_of": _date_of,
    "iris_unix_timestamp": _unix_timestamp,
    "iris_date_text": lambda value: dates.date_text(int(value)) if isinstance(value, (int, float)) else value,
    "iris_time_text": lambda value: dates.time_text(value) if isinstance(value, (int, float)) else value,
    "iris_timestamp_of_date": lambda value: f"{dates.date_text(int(value))} 00:00:00",
    "iris_timestamp_of_posix": lambda value: dates.timestamp_of_posix(int(value)),
    "iris_posix": lambda value: dates.posix_of_timestamp(value),
    "iris_date_in": _date_in,
    "iris_time_in": _time_in,
    "iris_timestamp_in": _timestamp_in,
    "iris_timestamp_or_error": _timestamp_or_error,
    "iris_cast_date": _cast_date,
    "iris_cast_time": _cast_time,
    "iris_to_timestamp": _to_timestamp,
    "iris_to_char": _to_char,
    "iris_to_date": _to_date,
    "iris_parse_timestamp": _parse_timestamp,
    "iris_convert": _convert,
}
"""Deterministic functions that answer NULL when an argument is NULL."""
