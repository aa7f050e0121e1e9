"""What the account may do on a server of somebody else, found out before any work is begun.

On servers of ours the account may do everything, and nothing is asked.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from iris_devtools.admin.files import Files
from iris_devtools.errors import AdministrationError, PrivilegeError

__all__ = ["MANAGE", "OPERATE", "Privileges"]

OPERATE = "%Admin_Operate"
MANAGE = "%Admin_Manage"

_WHAT_FOR = {
    OPERATE: "to mount and dismount databases and to see who is connected",
    MANAGE: "to make and drop namespaces and databases",
}

_WRITE = "write"

_granted: set[tuple[str, int, str, str]] = set()
"""Server, account and what was found to be allowed: asked once in a process."""


class Privileges(Files):
    """The preflight: privileges by name (iris-facts 2.1), and leave to write where databases lie."""

    def missing_privileges(self, *resources: str) -> tuple[str, ...]:
        """Return those of the resources that the account lacks USE of.

        A server that does not tell (``%SYSTEM.Security.Check`` refused or not there) is given the benefit of
        the doubt: the call that needs the privilege will say so.
        """
        return tuple(resource for resource in resources if not self._has(resource))

    def may_write_in(self, directory: str) -> bool:
        """Tell whether the server can make a file in a directory, by making one and deleting it."""
        probe = f"{directory}iris-devtools-{secrets.token_hex(6)}.probe"
        try:
            self.write(probe, [b"x"], source=Path("a probe"))
            self.delete(probe)
        except (AdministrationError, OSError):
            return False
        return True

    def require_privileges(self, *resources: str) -> None:
        """See that the account has USE of the resources, and that the server may write below its manager's
        directory, where it keeps databases.

        Raises:
            PrivilegeError: something is missing; the message has all of it by name, ``facts["missing"]`` too.

        """
        target = self._link.target
        if getattr(target, "kind", "existing") != "existing":
            return
        account = (target.host, target.port, target.username)
        wanted = [one for one in (*resources, _WRITE) if (*account, one) not in _granted]
        missing = list(self.missing_privileges(*(one for one in wanted if one != _WRITE)))
        lacks = [f"{one}:USE {_WHAT_FOR[one]}" for one in missing]
        if _WRITE in wanted:
            directory = str(self._link.value("%SYSTEM.Util", "ManagerDirectory", repeatable=True))
            if not self.may_write_in(directory):
                missing.append(directory)
                lacks.append(f"leave to write in {directory}, where the server keeps its databases")
        if missing:
            raise PrivilegeError(
                f"The account {target.username} on {target.host}:{target.port} lacks {'; '.join(lacks)}. "
                "Nothing was changed.",
                hint="Give the account a role that has the privileges: %Manager has these, %All everything. "
                "A directory must be writable for the user that the server runs as.",
                missing=tuple(missing),
                host=target.host,
                port=target.port,
                username=target.username,
            )
        _granted.update((*account, one) for one in wanted)

    def _has(self, resource: str) -> bool:
        try:
            answer = self._link.value("%SYSTEM.Security", "Check", resource, "USE", repeatable=True)
        except AdministrationError:
            return True
        return answer not in (0, "0", "", None, False)
