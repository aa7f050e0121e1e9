"""Who is connected: the processes of a namespace."""

from __future__ import annotations

import time
from dataclasses import dataclass

from iris_devtools.admin.link import Linked
from iris_devtools.admin.status import administration_error
from iris_devtools.errors import NamespaceInUseError

__all__ = ["Process", "Processes"]


@dataclass(frozen=True)
class Process:
    """One server process: its number and account, whether a transaction is open, where its client is."""

    pid: int
    username: str
    in_transaction: bool
    client: str

    def __str__(self) -> str:
        where = f" from {self.client}" if self.client else ""
        return f"process {self.pid} of {self.username}{where}" + (
            ", in a transaction" if self.in_transaction else ""
        )


class Processes(Linked):
    """What can be known of processes, and done to them."""

    def processes(self, namespace: str) -> tuple[Process, ...]:
        """Return the processes that sit in ``namespace`` (iris-facts 11 step 2).

        For %SYS the connection that asks is among them.
        """
        rows = self._link.query(
            "SELECT Pid, UserName, InTransaction, ClientNodeName, ClientExecutableName "
            "FROM %SYS.ProcessQuery WHERE NameSpace = ?",
            namespace.upper(),
        )
        return tuple(
            Process(
                pid=int(pid),
                username=str(username or ""),
                in_transaction=bool(int(transaction or 0)),
                client=" ".join(str(part) for part in (node, program) if part),
            )
            for pid, username, transaction, node, program in rows
        )

    def terminate(self, pid: int) -> bool:
        """End a process; False when it was gone already (iris-facts 11 step 2: Terminate and its results).

        An open transaction of the process is rolled back by the server, which may take a moment after this
        returns.

        Raises:
            AdministrationError: the server does not end it.

        """
        call = f"%SYSTEM.Process.Terminate({pid})"
        result = int(self._link.value("%SYSTEM.Process", "Terminate", pid, repeatable=True) or 0)
        if result == 1:
            return True
        if result in _GONE:
            return False
        reason = _REFUSALS.get(result, f"the server answered {result}.")
        raise administration_error(f"end process {pid}", reason, call=call, pid=pid, result=result)

    def require_idle(self, namespace: str, *, terminate: bool = False, wait_s: float = 2.0) -> None:
        """See that nobody is connected to ``namespace`` (iris-facts 2.3, 11 step 2, 12.3 step 2).

        Processes that are just ending get ``wait_s`` to do so. With ``terminate`` those that are there are
        ended first.

        Raises:
            NamespaceInUseError: somebody is still connected; ``facts["processes"]`` holds them.

        """
        deadline = time.monotonic() + wait_s
        asked: set[int] = set()
        # A connection that was closed a moment ago is gone in a millisecond or two.
        poll_s = _FIRST_POLL_S
        while found := self.processes(namespace):
            if terminate:
                for process in found:
                    if process.pid not in asked:
                        asked.add(process.pid)
                        self.terminate(process.pid)
            if time.monotonic() >= deadline:
                raise _in_use(namespace, found)
            time.sleep(poll_s)
            poll_s = min(2 * poll_s, _POLL_S)


_FIRST_POLL_S = 0.001
_POLL_S = 0.02
_GONE = frozenset({-2, -3})
_REFUSALS = {
    0: "it is a process of the system, which cannot be ended.",
    -1: "it does not respond.",
    -4: "it is rolling a transaction back; wait until it is done.",
}


def _in_use(namespace: str, processes: tuple[Process, ...]) -> NamespaceInUseError:
    shown = "; ".join(str(process) for process in processes[:5])
    more = f" and {len(processes) - 5} more" if len(processes) > 5 else ""
    return NamespaceInUseError(
        f"The namespace {namespace} is in use: {shown}{more}.",
        hint="Close those connections (dispose the engine, end the shell) before its database is exchanged.",
        namespace=namespace,
        processes=processes,
    )
