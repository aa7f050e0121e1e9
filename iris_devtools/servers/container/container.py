"""A container with a server in it, from its start to its end."""

from __future__ import annotations

import logging
import secrets
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock

from iris_devtools.admin.courier import SharedDirectory
from iris_devtools.admin.files import ProgressCallback, Transfer
from iris_devtools.errors import ServerError, ServerStartError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.servers.container.archive import get_file, put_file
from iris_devtools.servers.container.bootstrap import create_administrator, unexpire_passwords
from iris_devtools.servers.container.courier import ArchiveCourier
from iris_devtools.servers.container.engine import (
    LOCAL,
    connect_engine,
    published_host,
    require_engine,
    translated,
)
from iris_devtools.servers.container.keep import Keep, Kept
from iris_devtools.servers.container.labels import Labels, labelled
from iris_devtools.servers.container.readiness import wait_for_log, wait_for_login
from iris_devtools.servers.container.spec import SHARED_IN_CONTAINER, ContainerSpec
from iris_devtools.servers.editions import default_image, find_licence_key
from iris_devtools.servers.images import check_image, pull_image
from iris_devtools.servers.reaper import remove, start_reaper, sweep
from iris_devtools.servers.server import Server
from iris_devtools.urls import DEFAULT_NAMESPACE, IrisUrl

__all__ = ["START_TIMEOUT_S", "IRISContainer", "server_in"]

START_TIMEOUT_S = 120.0
"""A fresh container of IRIS takes up to 45 s on Docker Desktop (iris-facts 7)."""

_SUPERSERVER = "1972/tcp"


_LOG = logging.getLogger(__name__)
_reapers: list[subprocess.Popen[bytes]] = []
"""Those that have something to do yet."""


class IRISContainer:
    """Run IRIS in a container for the length of a ``with`` block::

        with IRISContainer.community() as iris, Admin.connect(iris.server) as admin:
            ...

    The engine chooses the port; an administrator of our own is made, with a random password. When the process
    ends in any way, ``kill -9`` included, the container is removed. With ``reuse`` it stays instead, and the
    next one that is made from the same configuration, in the same ``directory``, is this one.

    Equal containers in one ``directory`` are one container: the first starts it, the others wait for that,
    and it is removed after the last. Without a directory it is one of its own.
    """

    def __init__(
        self,
        spec: ContainerSpec,
        *,
        reuse: bool = False,
        directory: Path | None = None,
        project: Path | None = None,
        pull: bool = True,
        timeout_s: float = START_TIMEOUT_S,
        reporter: Reporter = SILENT,
    ) -> None:
        self.spec = spec
        self.reuse = reuse
        self._project = (project or Path.cwd()).absolute()
        if directory is not None:
            self._keep = Keep(directory / spec.digest)
        else:
            name = "reused" if reuse else secrets.token_hex(8)
            self._keep = Keep(Path.home() / ".iris-devtools" / "containers" / f"{name}-{spec.digest}")
        self._private = directory is None and not reuse
        self._pull = pull
        self._timeout_s = timeout_s
        self._reporter = reporter
        self._container: Any = None
        self._stays = reuse
        self._server: Server | None = None
        self._claim: FileLock | None = None
        self._reaper: subprocess.Popen[bytes] | None = None

    @classmethod
    def community(cls, *, tag: str | None = None, **options: Any) -> IRISContainer:
        """Return a container of the community edition, which needs no licence key.

        ``tag`` is a version such as ``2025.1``.
        """
        return cls.image(default_image("community", tag=tag), **options)

    @classmethod
    def enterprise(
        cls,
        *,
        license_key: Path | None = None,
        image: str | None = None,
        tag: str | None = None,
        **options: Any,
    ) -> IRISContainer:
        """Return a container of the full edition.

        Without ``license_key`` the key is looked for: ``IRIS_LICENSE_KEY``, then ``~/.iris/iris.key``.

        Raises:
            ServerStartError: no key is given or found.

        """
        key = license_key or find_licence_key()
        if key is None:
            raise ServerStartError(
                "The enterprise edition wants a licence key, and there is none: looked at license_key, "
                "IRIS_LICENSE_KEY and ~/.iris/iris.key.",
                hint="Name the file in license_key, or use the community edition, which needs none.",
            )
        return cls.image(image or default_image("enterprise", tag=tag), license_key=key, **options)

    @classmethod
    def image(
        cls,
        name: str,
        *,
        license_key: Path | None = None,
        environment: Mapping[str, str] | None = None,
        volumes: tuple[str, ...] = (),
        merge_file: Path | None = None,
        after: str | None = None,
        durable: str | None = None,
        memory: str | None = None,
        cpus: float | None = None,
        port: int = 0,
        platform: str | None = None,
        share: bool = False,
        **options: Any,
    ) -> IRISContainer:
        """Return a container of an image by name; see :class:`ContainerSpec` for what it is made from."""
        spec = ContainerSpec(
            image=name,
            license_key=license_key,
            environment=dict(environment or {}),
            volumes=volumes,
            merge_file=merge_file,
            after=after,
            durable=durable,
            memory=memory,
            cpus=cpus,
            port=port,
            platform=platform,
            share=share,
        )
        return cls(spec, **options)

    @property
    def server(self) -> Server:
        """The server in it.

        Raises:
            ServerError: it is not started.

        """
        if self._server is None:
            raise ServerError(
                "The container is not started.", hint="Use it in a with block, or call start()."
            )
        return self._server

    @property
    def name(self) -> str:
        """The name of the container, for ``docker logs`` and the like."""
        return str(self._started.name)

    @property
    def container_id(self) -> str:
        """Its id."""
        return str(self._started.id)

    def url(self, namespace: str = DEFAULT_NAMESPACE) -> IrisUrl:
        """Return the URL of a namespace on its server."""
        return self.server.url(namespace)

    def is_alive(self) -> bool:
        """Tell whether it is started, and still runs."""
        if self._container is None:
            return False
        try:
            with translated("look at the container"):
                self._container.reload()
        except ServerStartError:
            return False
        return bool(self._container.status == "running")

    def logs(self) -> str:
        """Return what it has logged."""
        with translated(f"read the log of {self.name}"):
            text: str = self._started.logs().decode(errors="replace")
        return text

    def unexpire_passwords(self) -> None:
        """Let every account log in without changing its password first.

        Raises:
            ServerStartError: the server refuses, or lets no terminal in.

        """
        unexpire_passwords(self._started)

    def put_file(self, local: Path, remote: str, *, progress: ProgressCallback | None = None) -> Transfer:
        """Bring a file into it; see :func:`~iris_devtools.servers.container.archive.put_file`."""
        return put_file(self._started, local, remote, progress=progress)

    def get_file(self, remote: str, local: Path, *, progress: ProgressCallback | None = None) -> Transfer:
        """Bring a file out of it; see :func:`~iris_devtools.servers.container.archive.get_file`."""
        return get_file(self._started, remote, local, progress=progress)

    def start(self) -> IRISContainer:
        """Start it, or find the one that runs, and return when its server has let us in.

        Raises:
            ServerNotFoundError: no Docker engine answers.
            ServerStartError: there is no image, or its server did not start; the message has the last lines
                of the log and the hint says what to do. Nothing is left of the container then.

        """
        deadline = time.monotonic() + self._timeout_s
        client = connect_engine()
        with self._keep.alone(timeout_s=self._timeout_s):
            self._claim = self._keep.claim()
            try:
                # After the claim: what is swept are the containers of those who are gone.
                sweep(client)
                if not self._find(client, deadline=deadline):
                    self._launch(client, deadline=deadline)
            except BaseException:
                self._claim.release()
                self._claim = None
                client.close()
                if self._private:
                    self._keep.discard()
                raise
        return self

    def stop(self) -> None:
        """Let it go. It is removed, unless it is kept for reuse or others use it. Twice is fine."""
        claim, self._claim = self._claim, None
        if claim is None:
            return
        reaper, self._reaper = self._reaper, None
        with self._keep.alone(timeout_s=self._timeout_s):
            claim.release()
            gone = not self._stays and not self._keep.has_owner() and self._remove(patient=reaper is not None)
        self._started.client.close()
        self._container, self._server = None, None
        if reaper is not None and reaper.stdin is not None:
            reaper.stdin.close()
            if gone:
                reaper.wait()
            else:
                # It outlives this process, and nobody has to wait for it.
                _reapers.append(reaper)
        if self._private:
            self._keep.discard()

    def __enter__(self) -> IRISContainer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = f"{self._server.host}:{self._server.port}" if self._server else "not started"
        return f"<IRISContainer {self.spec.image} {where}>"

    @property
    def _started(self) -> Any:
        if self._container is None:
            raise ServerError(
                "The container is not started.", hint="Use it in a with block, or call start()."
            )
        return self._container

    def _find(self, client: Any, *, deadline: float) -> bool:
        """Take the container that these settings have made before, started again when it was stopped."""
        labels = {"session": str(self._keep.directory), "config_hash": self.spec.digest}
        if self.reuse:
            # One that is to stay must not be one that is removed after its last user.
            labels["reuse"] = "true"
        with translated("look for a container of ours"):
            found = labelled(client, **labels)
        for container in found:
            self._stays = Labels.read(container.labels).reuse
            if container.status in ("exited", "dead", "removing") and not self._stays:
                remove(client, container.id)
                continue
            if container.status == "paused":
                container.unpause()
            if container.status != "running":
                with translated(f"start the container {container.name} again"):
                    container.start()
            self._use(container, self._keep.read(), deadline=deadline)
            return True
        return False

    def _launch(self, client: Any, *, deadline: float) -> None:
        spec = self.spec
        if self._pull and not _is_here(client, spec.image):
            pull_image(client, spec.image, platform=spec.platform, reporter=self._reporter)
            deadline = time.monotonic() + self._timeout_s
        check_image(client, spec.image)
        self._stays = self.reuse
        labels = Labels.of(
            spec, project=self._project, directory=self._keep.directory, reuse=self.reuse
        ).written()
        address, host = published_host(client)
        shared = self._keep.share() if spec.share and host == LOCAL else None
        facts = {"image": spec.image}
        with translated(f"make a container of {spec.image}", **facts):
            # The SDK's other way reads options of volumes as names of volumes, and podman believes it.
            made = client.api.create_container(
                spec.image,
                spec.command(),
                name=f"iris-devtools-{spec.digest[:6]}-{secrets.token_hex(3)}",
                labels=labels,
                environment=spec.variables(),
                platform=spec.platform,
                ports=[tuple(_SUPERSERVER.split("/"))],
                stop_signal="SIGTERM",
                host_config=client.api.create_host_config(
                    binds=spec.binds(shared),
                    port_bindings={_SUPERSERVER: (address, spec.port or None)},
                    mem_limit=spec.memory,
                    nano_cpus=int(spec.cpus * 1e9) if spec.cpus else None,
                ),
            )
            container = client.containers.get(made["Id"])
        try:
            if not self.reuse:
                self._reaper = start_reaper(self._keep, container.id)
            with (
                self._reporter.step(f"Starting {spec.image}"),
                translated(f"start a container of {spec.image}", **facts),
            ):
                container.start()
                self._use(container, None, deadline=deadline)
        except BaseException:
            with translated(f"remove the container {container.name}"):
                remove(client, container.id)
            self._end_reaper()
            raise

    def _remove(self, *, patient: bool) -> bool:
        """Remove it; False when the engine is away, and somebody ``patient`` will do it later."""
        try:
            require_engine()
            with translated(f"remove the container {self.name}"):
                remove(self._started.client, self.container_id)
        except ServerError as error:
            if not patient:
                raise
            _LOG.warning("%s is removed when the engine answers again. %s", self.name, error.message)
            return False
        self._keep.forget()
        return True

    def _end_reaper(self) -> None:
        reaper, self._reaper = self._reaper, None
        if reaper is not None and reaper.stdin is not None:
            reaper.terminate()
            reaper.stdin.close()
            reaper.wait()

    def _use(self, container: Any, kept: Kept | None, *, deadline: float) -> None:
        wait_for_log(container, deadline=deadline, after=self.spec.after)
        if kept is None or kept.container_id != container.id:
            made = create_administrator(container, deadline=deadline)
            kept = Kept(container.id, made.username, made.password)
        self._container = container
        if self.spec.share and not _is_seen(container, self._keep.shared):
            # As where this process is in a container itself, and the engine looks for the path on its host.
            self._keep.unshare()
        server = server_in(container, kept, shared=self._keep.shared)
        wait_for_login(container, server, deadline=deadline)
        self._keep.write(kept)
        self._server = server


def server_in(container: Any, kept: Kept, *, shared: Path) -> Server:
    """Return the server of a container that runs; ``shared`` is the directory that it may share."""
    mounts = {mount.get("Destination") for mount in container.attrs.get("Mounts") or ()}
    common = None
    if SHARED_IN_CONTAINER.rstrip("/") in mounts and shared.is_dir():
        common = SharedDirectory(SHARED_IN_CONTAINER, shared)
    host, port = _address(container)
    return Server(
        "container",
        host,
        port,
        username=kept.username,
        password=kept.password,
        courier=ArchiveCourier(str(container.id), common),
    )


def _is_seen(container: Any, shared: Path) -> bool:
    """Tell whether what this process puts into a directory is there for the container, too."""
    import docker.errors

    if not shared.is_dir():
        return False
    probe = shared / f"probe-{secrets.token_hex(4)}"
    try:
        probe.touch()
        container.get_archive(SHARED_IN_CONTAINER + probe.name)[0].close()
    except (OSError, docker.errors.DockerException):
        return False
    finally:
        probe.unlink(missing_ok=True)
    return True


def _is_here(client: Any, name: str) -> bool:
    import docker.errors

    try:
        client.images.get(name)
    except docker.errors.NotFound:
        return False
    return True


def _address(container: Any) -> tuple[str, int]:
    """Return the host and the port that the engine chose."""
    _, host = published_host(container.client)
    container.reload()
    published = (container.ports or {}).get(_SUPERSERVER) or []
    if not published:
        raise ServerStartError(
            f"The port 1972 of the container {container.name} is not published.",
            hint="Does its network allow that? A container with network mode none or host has no ports.",
            container=container.name,
        )
    return host, int(published[0]["HostPort"])
