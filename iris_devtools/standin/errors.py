"""How the stand-in fails: in the words of IRIS.

StandinError
  - SQLError            a statement failed: SQLCODE, location and %msg
  - ObjectScriptError   code failed: ``<DIRECTORY>...``, ``<CLASS DOES NOT EXIST>...``
  - LoginRefused        a connection was refused
  - ProtocolError       a client sent something that is no message
"""

from __future__ import annotations

from iris_devtools.standin.sqlcodes import GENERAL_TEXTS

__all__ = ["LoginRefused", "ObjectScriptError", "ProtocolError", "SQLError", "StandinError"]


class StandinError(Exception):
    """Base of everything that the stand-in reports to a client."""


class SQLError(StandinError):
    """A statement failed, as IRIS reports it (iris-sql.md 11).

    ``sqlcode`` is negative, as IRIS writes it; the wire carries it without its sign (wire-protocol 8).
    """

    def __init__(self, sqlcode: int, message: str = "", *, location: str = "ServerLoop") -> None:
        super().__init__(sqlcode, message)
        self.sqlcode = sqlcode
        self.message = message
        self.location = location

    def text(self) -> str:
        """Return the three-part text that tools parse."""
        general = GENERAL_TEXTS.get(self.sqlcode, "Unknown SQLCODE")
        lines = [f"[SQLCODE: <{self.sqlcode}>:<{general}>]", f"[Location: <{self.location}>]"]
        if self.message:
            lines.append(f"[%msg: <{self.message}>]")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


class ObjectScriptError(StandinError):
    """Code failed: ``<DIRECTORY>``, ``<PROTECT>``, ``<METHOD DOES NOT EXIST>`` and their kind."""

    def __init__(self, name: str, detail: str = "") -> None:
        super().__init__(name, detail)
        self.name = name
        self.detail = detail

    def __str__(self) -> str:
        return f"<{self.name}>{self.detail}"


class LoginRefused(StandinError):
    """A connection was refused; ``text`` is what the client is told (wire-protocol 4.3)."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class ProtocolError(StandinError):
    """A client sent bytes that are no message of the protocol, or a message that lacks something."""
