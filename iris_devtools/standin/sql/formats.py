"""The format elements of TO_CHAR, TO_DATE and TO_TIMESTAMP (iris-sql.md 6.3)."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime
from decimal import Decimal

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import numbers

__all__ = ["format_moment", "format_number", "parse_moment"]

_ELEMENT = re.compile(
    r"YYYY|YYY|YY|Y|RRRR|RR|MONTH|MON|MM|MI|DDD|DD|DAY|DY|D|HH24|HH12|HH|SSSSS|SS|FF\d?|AM|PM|A\.M\.|P\.M\.|J",
    re.IGNORECASE,
)
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_name) if name}
_SHORT_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_JULIAN_OFFSET = 1721425
_TWO_DIGITS = r"\d{1,2}"


def format_moment(moment: datetime, pattern: str) -> str:
    """Write a moment in a TO_CHAR format; what is no element is copied."""
    return _ELEMENT.sub(lambda match: _element(moment, match[0]), pattern)


def _element(moment: datetime, written: str) -> str:
    name = written.upper()
    if name in ("MONTH", "MON", "DAY", "DY"):
        return _cased(_name(moment, name), written)
    year = f"{moment.year:04d}"
    hour12 = f"{(moment.hour + 11) % 12 + 1:02d}"
    if name.startswith("FF"):
        return f"{moment.microsecond:06d}"[: int(name[2:] or 6)]
    simple = {
        "YYYY": year,
        "YYY": year[1:],
        "YY": year[2:],
        "Y": year[3:],
        "RRRR": year,
        "RR": year[2:],
        "MM": f"{moment.month:02d}",
        "MI": f"{moment.minute:02d}",
        "DDD": f"{moment.timetuple().tm_yday:03d}",
        "DD": f"{moment.day:02d}",
        "D": str(moment.isoweekday() % 7 + 1),
        "HH24": f"{moment.hour:02d}",
        "HH12": hour12,
        "HH": hour12,
        "SS": f"{moment.second:02d}",
        "SSSSS": str(moment.hour * 3600 + moment.minute * 60 + moment.second),
        "J": str(moment.toordinal() + _JULIAN_OFFSET),
    }
    if name in simple:
        return simple[name]
    half = "AM" if moment.hour < 12 else "PM"
    return f"{half[0]}.{half[1]}." if "." in name else half


def _name(moment: datetime, name: str) -> str:
    if name == "MONTH":
        return calendar.month_name[moment.month]
    if name == "MON":
        return calendar.month_abbr[moment.month]
    return calendar.day_name[moment.weekday()] if name == "DAY" else calendar.day_abbr[moment.weekday()]


def _cased(text: str, written: str) -> str:
    if written.isupper():
        return text.upper()
    return text.lower() if written.islower() else text


def parse_moment(text: str, pattern: str) -> datetime:
    """Read a moment in a TO_DATE or TO_TIMESTAMP format; raises SQLError -400 when it does not fit."""
    fields = _read(text, pattern)
    if fields is None:
        raise SQLError(-400, f"Unexpected error occurred:  '{text}' does not fit the format '{pattern}'")
    try:
        return _moment(fields)
    except ValueError as error:
        raise SQLError(-400, f"Unexpected error occurred:  '{text}' is no date: {error}") from None


def _read(text: str, pattern: str) -> dict[str, str] | None:
    expression = []
    names = []
    position = 0
    for match in _ELEMENT.finditer(pattern):
        expression.append(_separator(pattern[position : match.start()]))
        names.append(match[0].upper())
        expression.append(f"({_digits(names[-1], next_starts_with_digit=_adjacent(pattern, match.end()))})")
        position = match.end()
    expression.append(_separator(pattern[position:]))
    found = re.fullmatch("\\s*" + "".join(expression) + "\\s*", text, re.IGNORECASE)
    if found is None:
        return None
    return dict(zip(names, found.groups(), strict=True))


def _separator(text: str) -> str:
    return re.sub(r"[^\w\\]+", r"[^\\w]*", text) if text else ""


def _adjacent(pattern: str, position: int) -> bool:
    return _ELEMENT.match(pattern, position) is not None


def _digits(name: str, *, next_starts_with_digit: bool) -> str:
    if name in ("MONTH", "MON", "DAY", "DY", "AM", "PM", "A.M.", "P.M."):
        return r"[A-Za-z.]+"
    if name in ("YYYY", "RRRR"):
        return r"\d{4}" if next_starts_with_digit else r"\d{2,4}"
    if name.startswith("FF"):
        return r"\d{1,9}"
    fixed = {"YYY": r"\d{3}", "Y": r"\d", "DDD": r"\d{1,3}", "SSSSS": r"\d{1,5}", "J": r"\d{1,7}", "D": r"\d"}
    return fixed.get(name, r"\d{2}" if next_starts_with_digit else _TWO_DIGITS)


def _moment(fields: dict[str, str]) -> datetime:
    if "J" in fields:
        day = date.fromordinal(int(fields["J"]) - _JULIAN_OFFSET)
    elif "DDD" in fields:
        day = date.fromordinal(date(_year(fields), 1, 1).toordinal() + int(fields["DDD"]) - 1)
    else:
        day = date(_year(fields), _month(fields), int(fields.get("DD", 1)))
    seconds = int(fields.get("SSSSS", 0))
    hour = int(fields.get("HH24", seconds // 3600))
    for name in ("HH", "HH12"):
        if name in fields:
            hour = int(fields[name])
    half = next((fields[n].upper() for n in ("AM", "PM", "A.M.", "P.M.") if n in fields), "")
    if half:
        hour = hour % 12 + (12 if half.startswith("P") else 0)
    minute = int(fields.get("MI", seconds // 60 % 60))
    second = int(fields.get("SS", seconds % 60))
    fraction = next((v for n, v in fields.items() if n.startswith("FF")), "")
    return datetime(day.year, day.month, day.day, hour, minute, second, int((fraction + "000000")[:6]))


def _year(fields: dict[str, str]) -> int:
    for name in ("YYYY", "RRRR", "YYY", "RR", "YY", "Y"):
        if name in fields:
            year = int(fields[name])
            if len(fields[name]) > 2:
                return year
            if name.startswith("RR"):
                return year + (2000 if year < 50 else 1900)
            return year + 1900
    return datetime.now().year


def _month(fields: dict[str, str]) -> int:
    if "MM" in fields:
        return int(fields["MM"])
    name = fields.get("MONTH", fields.get("MON", "")).upper()
    if not name:
        return 1
    number = _MONTHS.get(name) or _SHORT_MONTHS.get(name[:3])
    if number is None:
        raise ValueError(f"no month is called {name}")
    return number


def format_number(number: Decimal, pattern: str) -> str:
    """Write a number in a TO_CHAR format of ``9 0 $ , . S``; too large a number becomes ``#`` signs."""
    upper = pattern.upper()
    whole, _, places = upper.partition(".")
    digits = places.count("9") + places.count("0")
    text = format(abs(numbers.rounded(number, digits)), "f")
    left, _, right = text.partition(".")
    room = whole.count("9") + whole.count("0")
    zero = whole.find("0")
    least = len([c for c in whole[zero:] if c in "90"]) if zero >= 0 else 0
    left = "" if left == "0" and least == 0 and digits else left
    if len(left) > room:
        return "#" * (len(pattern) + 1)
    left = left.zfill(least)
    if "," in whole:
        left = f"{int(left or 0):,}" if left else left
    sign = "-" if number < 0 else ("+" if "S" in upper else "")
    body = f"{sign}{'$' if '$' in upper else ''}{left}" + (f".{right}" if digits else "")
    return body.rjust(len(upper.replace("S", "")) + 1)
