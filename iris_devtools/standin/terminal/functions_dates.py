"""Functions of dates and times: $ZDATE, $ZDATETIME and their kin (iris-terminal-and-image B.8)."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.terminal.arithmetic import canonical, number
from iris_devtools.standin.values import Argument, Undefined

__all__ = ["DATES", "horolog", "horolog_of", "zhorolog"]

_EPOCH = date(1840, 12, 31)
_LAST_DAY = 2_980_013
_DAY_S = 86_400
_LONG_MONTHS = tuple(calendar.month_name)[1:]
_MONTHS = tuple(name[:3] for name in _LONG_MONTHS)


def horolog() -> str:
    """Return ``$HOROLOG``: days since 1840-12-31 and seconds since midnight."""
    return horolog_of(datetime.now())


def horolog_of(moment: datetime, *, digits: int = 0) -> str:
    """Return a moment as days and seconds, with some decimals."""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    fraction = f".{moment.microsecond:06}"[: digits + 1] if digits else ""
    return f"{(moment.date() - _EPOCH).days},{seconds}{fraction}"


def zhorolog(seconds: float) -> str:
    """Return seconds as ``$ZHOROLOG`` gives those since the start of the server."""
    return canonical(number(f"{seconds:.6f}"))


def _day(value: Argument) -> date:
    text = to_text(value).partition(",")[0]
    days = to_integer(text)
    if not re.fullmatch(r"[+-]?\d+(?:\.\d*)?", text):
        raise ObjectScriptError("ILLEGAL VALUE")
    if not 0 <= days <= _LAST_DAY:
        raise ObjectScriptError("VALUE OUT OF RANGE")
    return _EPOCH + timedelta(days=days)


def _date(value: Argument, form: Argument = 1) -> str:
    return _shown_date(_day(value), 1 if _left_out(form) else to_integer(form))


def _shown_date(day: date, form: int) -> str:
    year = f"{day:%y}" if 1900 <= day.year <= 1999 else f"{day.year:04}"
    shown: dict[int, Callable[[], str]] = {
        1: lambda: f"{day.month:02}/{day.day:02}/{year}",
        2: lambda: f"{day.day:02} {_MONTHS[day.month - 1]} {year}",
        3: lambda: f"{day.year:04}-{day.month:02}-{day.day:02}",
        4: lambda: f"{day.day:02}/{day.month:02}/{year}",
        5: lambda: f"{_MONTHS[day.month - 1]} {day.day}, {day.year:04}",
        6: lambda: f"{_MONTHS[day.month - 1]} {day.day} {day.year:04}",
        7: lambda: f"{_MONTHS[day.month - 1]} {day.day:02} {year}",
        8: lambda: f"{day.year:04}{day.month:02}{day.day:02}",
        9: lambda: f"{_LONG_MONTHS[day.month - 1]} {day.day}, {day.year:04}",
        10: lambda: str((day.weekday() + 1) % 7),
        11: lambda: f"{day:%a}",
        12: lambda: f"{day:%A}",
    }
    found = shown.get(form)
    if found is None:
        raise ObjectScriptError("FUNCTION")
    return found()


def _time(value: Argument, form: Argument = 1, precision: Argument = None) -> str:
    amount = number(value)
    if not 0 <= amount < _DAY_S:
        raise ObjectScriptError("ILLEGAL VALUE")
    seconds = int(amount)
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    fraction = ""
    if not _left_out(precision) and to_integer(precision) > 0:
        digits = to_integer(precision)
        fraction = "." + f"{amount - seconds:.{digits}f}".partition(".")[2]
    wanted = 1 if _left_out(form) else to_integer(form)
    half = "AM" if hour < 12 else "PM"
    shown = {
        1: f"{hour:02}:{minute:02}:{second:02}{fraction}",
        2: f"{hour:02}:{minute:02}",
        3: f"{hour % 12 or 12:02}:{minute:02}:{second:02}{fraction}{half}",
        4: f"{hour % 12 or 12:02}:{minute:02}{half}",
    }.get(wanted)
    if shown is None:
        raise ObjectScriptError("FUNCTION")
    return shown


def _date_time(
    value: Argument, form: Argument = 1, time_form: Argument = 1, precision: Argument = None
) -> str:
    days, _, seconds = to_text(value).partition(",")
    wanted = 1 if _left_out(form) else to_integer(form)
    separator = "T" if not _left_out(time_form) and to_integer(time_form) in (5, 7) else " "
    clock = 1 if separator == "T" else time_form
    text = _shown_date(_day(days), 3 if separator == "T" else wanted)
    shown = f"{text}{separator}{_time(seconds or 0, clock, precision)}"
    return f"{shown}Z" if separator == "T" and to_integer(time_form) == 7 else shown


_READ = (
    (re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})"), (1, 2, 3)),
    (re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})"), (3, 1, 2)),
    (re.compile(r"(\d{4})(\d{2})(\d{2})"), (1, 2, 3)),
)


def _day_number(text: Argument, form: Argument = 1) -> int:
    given = to_text(text).strip()
    wanted = 1 if _left_out(form) else to_integer(form)
    for pattern, (year, month, day) in _READ:
        found = pattern.fullmatch(given)
        if found is not None:
            if wanted == 4:
                month, day = day, month
            try:
                moment = date(int(found[year]), int(found[month]), int(found[day]))
            except ValueError as error:
                raise ObjectScriptError("ILLEGAL VALUE") from error
            return (moment - _EPOCH).days
    raise ObjectScriptError("ILLEGAL VALUE")


def _second_number(text: Argument, _form: Argument = 1) -> str:
    found = re.fullmatch(
        r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(AM|PM)?", to_text(text).strip().upper()
    )
    if found is None:
        raise ObjectScriptError("ILLEGAL VALUE")
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + 12 * (found[4] == "PM")
    if hour > 23 or int(found[2]) > 59 or float(found[3] or 0) >= 60:
        raise ObjectScriptError("ILLEGAL VALUE")
    return canonical(hour * 3600 + int(found[2]) * 60 + number(found[3] or 0))


def _date_time_number(text: Argument, form: Argument = 1, _time_form: Argument = 1) -> str:
    given = to_text(text).strip().replace("T", " ").removesuffix("Z")
    days, _, clock = given.partition(" ")
    return f"{_day_number(days, form)},{_second_number(clock or '00:00:00')}"


def _now(offset: Argument = None) -> str:
    if _left_out(offset):
        return horolog_of(datetime.now(), digits=6)
    # The offset counts in minutes west of Greenwich.
    zone = timezone(-timedelta(minutes=to_integer(offset)))
    return horolog_of(datetime.now(zone), digits=6)


def _left_out(argument: Argument) -> bool:
    return argument is None or isinstance(argument, Undefined)


DATES: dict[str, Callable[..., Argument]] = {
    **dict.fromkeys(("zdate", "zd"), _date),
    **dict.fromkeys(("zdateh", "zdh"), _day_number),
    **dict.fromkeys(("zdatetime", "zdt"), _date_time),
    **dict.fromkeys(("zdatetimeh", "zdth"), _date_time_number),
    **dict.fromkeys(("ztime", "zt"), _time),
    **dict.fromkeys(("ztimeh", "zth"), _second_number),
    "now": _now,
}
