"""A way to the Docker engine that can be cut: a Unix socket that passes everything on, up to a point."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

_PIECE = 1 << 16


@contextlib.contextmanager
def cut_way(address: str, *, after_bytes: int) -> Iterator[str]:
    """Yield the address of a socket; a connection that has sent so many bytes through it is cut."""
    # The path of a Unix socket must be short.
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        path = Path(directory) / "docker.sock"
        listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        listener.bind(str(path))
        listener.listen()
        threads: list[threading.Thread] = []
        sockets: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                    sockets.extend((client, engine))
                    engine.connect(urlsplit(address).path)
                    for source, target, limit in ((client, engine, after_bytes), (engine, client, None)):
                        threads.append(threading.Thread(target=_pass, args=(source, target, limit)))
                        threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"unix://{path}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for end in sockets:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            for end in sockets:
                end.close()


def _pass(source: socket.socket, target: socket.socket, limit: int | None) -> None:
    passed = 0
    try:
        while piece := source.recv(_PIECE):
            passed += len(piece)
            if limit is not None and passed > limit:
                break
            target.sendall(piece)
    except OSError:
        pass
    finally:
        # Both directions end together.
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
