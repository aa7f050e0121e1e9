"""The values that cross the stand-in's rooms: wire items, SQL parameters and class arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["Argument", "ByRef", "ObjectRef", "Scalar", "Undefined"]

Scalar = int | float | Decimal | str | bytes | None
"""SQL NULL (and ObjectScript's undefined) is ``None``; the SQL empty string is ``""``.

Text and bytes look alike on the wire (item type 01), so values arrive as ``str``, Latin-1 decoded;
the column's type decides (wire-protocol 3.1). ``bytes`` is only ever an answer.
"""


@dataclass(frozen=True)
class ObjectRef:
    """A handle to an object that lives in the server process (an oref, as ``5@SYS.Database``)."""

    handle: int
    class_name: str

    def __str__(self) -> str:
        return f"{self.handle}@{self.class_name}"


@dataclass
class ByRef:
    """An argument passed by reference: the called method may replace ``value``.

    ``nodes`` are the nodes one level below, where the argument is an array; those cannot cross the wire.
    """

    value: Argument
    nodes: dict[str, Argument] = field(default_factory=dict)


class Undefined:
    """An argument that the caller left out (wire item ``01``)."""


Argument = Scalar | ObjectRef | ByRef | Undefined
