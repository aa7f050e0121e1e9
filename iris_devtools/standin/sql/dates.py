"""Dates and times between their stored forms and ISO text (iris-sql.md 2.3, wire-protocol 3.2).

A DATE is stored as days since 1840-12-31, a TIME as seconds since midnight, a TIMESTAMP as text
``YYYY-MM-DD HH:MM:SS[.fff]`` without trailing zeros, a POSIXTIME as IRIS's 64-bit code.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "date_of_day",
    "date_text",
    "day_number",
    "parse_date",
    "parse_time",
    "parse_timestamp",
    "posix_of_timestamp",
    "seconds_of",
    "time_text",
    "timestamp_of_posix",
    "timestamp_parts",
    "timestamp_text",
]

_EPOCH = date(1840, 12, 31).toordinal()
FIRST_DAY = date(1, 1, 1).toordinal() - _EPOCH
LAST_DAY = 2980013
_DATE = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})\Z")
_TIME = re.compile(r"\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?\Z")
_TIMESTAMP = re.compile(
    r"\s*(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?Z?)?\s*\Z"
)
_STORED_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{0,8}[1-9])?\Z"
)
"""A timestamp that is stored as it is written, if there is such a moment."""
_POSIX_EPOCH = datetime(1970, 1, 1)
_POSIX_AFTER = 2**60
_POSIX_BEFORE = -3 * 2**61


def day_number(day: date) -> int:
    """Return the stored form of a date."""
    return day.toordinal() - _EPOCH


def date_of_day(number: int) -> date:
    """Return the date of a stored day number; raise ValueError or OverflowError outside years 1 to 9999."""
    return date.fromordinal(number + _EPOCH)


def date_text(number: int) -> str:
    """Write a stored day number as ``YYYY-MM-DD``; a number without a date comes back as its digits."""
    try:
        return date_of_day(number).isoformat()
    except (ValueError, OverflowError):
        return str(number)


def parse_date(text: str) -> int | None:
    """Read ``YYYY-MM-DD``, or the date of a timestamp text; return ``None`` for anything else."""
    match = _DATE.match(text) or (_TIMESTAMP.match(text) if ":" in text else None)
    if match is None:
        return None
    try:
        return day_number(date(int(match[1]), int(match[2]), int(match[3])))
    except ValueError:
        return None


def seconds_of(hours: int, minutes: int, seconds: int, fraction: str = "") -> int | float | None:
    """Return the stored form of a time of day, ``None`` when there is no such time."""
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    whole = hours * 3600 + minutes * 60 + seconds
    fraction = fraction[:9].rstrip("0")
    return float(f"{whole}.{fraction}") if fraction else whole


def parse_time(text: str) -> int | float | None:
    """Read ``HH:MM[:SS[.fff]]``; return ``None`` for anything else."""
    match = _TIME.match(text)
    if match is None:
        return None
    return seconds_of(int(match[1]), int(match[2]), int(match[3] or 0), match[4] or "")


def time_text(seconds: float) -> str:
    """Write stored seconds as ``HH:MM:SS[.fff]``."""
    whole = int(seconds)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    fraction = f"{seconds % 1:.9f}"[2:].rstrip("0") if seconds != whole else ""
    return f"{text}.{fraction}" if fraction else text


def parse_timestamp(text: str) -> str | None:
    """Read an ISO date or timestamp and return its stored text; return ``None`` for anything else."""
    if _STORED_TIMESTAMP.match(text):
        try:
            datetime.fromisoformat(text[:19])
        except ValueError:
            return None
        return text
    parts = timestamp_parts(text)
    if parts is None:
        return None
    moment, fraction = parts
    stem = moment.strftime("%m-%d %H:%M:%S")
    fraction = fraction.rstrip("0")
    return f"{moment.year:04d}-{stem}" + (f".{fraction}" if fraction else "")


def timestamp_parts(text: str) -> tuple[datetime, str] | None:
    """Read an ISO date or timestamp as whole seconds and up to nine digits of fraction."""
    match = _TIMESTAMP.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    return moment, (fraction or "")[:9]


def timestamp_text(moment: datetime, *, digits: int = 6) -> str:
    """Write a moment as stored text with at most ``digits`` digits of fraction, without trailing zeros."""
    text = f"{moment.year:04d}-{moment:%m-%d %H:%M:%S}"
    fraction = f"{moment.microsecond:06d}"[:digits].rstrip("0")
    return f"{text}.{fraction}" if fraction else text


def posix_of_timestamp(text: str) -> int | None:
    """Return %PosixTime's code of a timestamp text, ``None`` for a text that is none."""
    parts = timestamp_parts(text)
    if parts is None:
        return None
    moment, fraction = parts
    micros = (moment - _POSIX_EPOCH) // timedelta(microseconds=1) + int((fraction + "000000")[:6])
    return micros + (_POSIX_AFTER if micros >= 0 else _POSIX_BEFORE)


def timestamp_of_posix(code: int) -> str:
    """Return the timestamp text of a %PosixTime code."""
    micros = code - (_POSIX_AFTER if code >= 0 else _POSIX_BEFORE)
    return timestamp_text(_POSIX_EPOCH + timedelta(microseconds=micros))
