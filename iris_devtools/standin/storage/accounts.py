"""User accounts: who may log in, with which password.  A password itself is never kept."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field, replace

__all__ = [
    "PREDEFINED",
    "Account",
    "PasswordCheck",
    "Role",
    "has_privilege",
    "hash_password",
    "with_password",
]

_ROUNDS = 10_000
"""IRIS's own default work factor for PBKDF2."""

PREDEFINED = ("_SYSTEM", "SuperUser", "Admin", "CSPSystem")
"""Accounts of a fresh server; their password is ``SYS`` (iris-facts 6)."""


_ADMINISTRATION = frozenset({"%ADMIN_OPERATE", "%ADMIN_MANAGE", "%ADMIN_SECURE"})
_ROLES = {
    "%MANAGER": frozenset({"%ADMIN_OPERATE", "%ADMIN_MANAGE"}),
    "%OPERATOR": frozenset({"%ADMIN_OPERATE"}),
}
"""What the predefined roles hold of the resources of administration; ``%All`` holds everything."""


@dataclass(frozen=True)
class Account:
    """One user. ``change_password`` refuses logins until the account is unexpired."""

    name: str
    salt: bytes = field(repr=False, default=b"")
    hash: bytes = field(repr=False, default=b"")
    roles: str = "%All"
    full_name: str = ""
    namespace: str = ""
    routine: str = ""
    comment: str = ""
    enabled: bool = True
    change_password: bool = False
    password_never_expires: bool = False


@dataclass(frozen=True)
class Role:
    """A role that CREATE ROLE made; ``roles`` are those that were granted to it, separated by commas."""

    name: str
    roles: str = ""


def has_privilege(account: Account, resource: str) -> bool:
    """Tell whether the account's roles hold USE of a resource.

    Only those of administration are told apart; any other is open to everybody, as public resources are.
    """
    roles = {role.strip().upper() for role in account.roles.split(",")}
    return (
        "%ALL" in roles
        or resource.upper() not in _ADMINISTRATION
        or any(resource.upper() in _ROLES.get(role, ()) for role in roles)
    )


def hash_password(password: str, salt: bytes) -> bytes:
    """Return the salted hash that is kept instead of the password."""
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)


def with_password(account: Account, password: str) -> Account:
    """Return the account with another password and a fresh salt."""
    salt = os.urandom(16)
    return replace(account, salt=salt, hash=hash_password(password, salt))


class PasswordCheck:
    """Checks passwords; one that was right before is recognised without the slow hash.

    What is remembered is a keyed digest that is worthless outside this process.  Callable from any thread.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._right: dict[bytes, bytes] = {}

    def matches(self, account: Account, password: str) -> bool:
        """Tell whether this is the account's password."""
        quick = hmac.digest(self._key, account.salt + password.encode(), "sha256")
        known = self._right.get(account.salt)
        if known is not None and hmac.compare_digest(known, quick):
            return True
        right = hmac.compare_digest(hash_password(password, account.salt), account.hash)
        if right:
            self._right[account.salt] = quick
        return right
