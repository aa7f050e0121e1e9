"""Images: already here or pulled, and whether they are of IRIS."""

from __future__ import annotations

from typing import Any

from iris_devtools.errors import ServerStartError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.servers.container.engine import translated

__all__ = ["check_image", "pull_image"]


def pull_image(client: Any, name: str, *, platform: str | None = None, reporter: Reporter = SILENT) -> None:
    """Pull an image, with the bytes that arrive as progress; ``platform`` is like ``linux/arm64``.

    Raises:
        ServerStartError: the registry does not answer, has no such image, or wants a login.

    """
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, "latest"
    layers: dict[str, tuple[int, int]] = {}
    try:
        with (
            translated(f"pull the image {name}", image=name),
            reporter.step(f"Pulling {name}", unit="bytes") as step,
        ):
            for event in client.api.pull(repository, tag=tag, stream=True, decode=True, platform=platform):
                if "error" in event:
                    raise _not_pulled(name, str(event["error"]))
                detail = event.get("progressDetail") or {}
                if event.get("status") == "Downloading" and detail.get("total"):
                    layers[event["id"]] = (int(detail["current"]), int(detail["total"]))
                    step.update(sum(done for done, _ in layers.values()))
    except ServerStartError as error:
        if error.facts.get("remedied"):
            raise
        raise _not_pulled(name, str(error.facts.get("text", error.message))) from error


def check_image(client: Any, name: str) -> Any:
    """Return an image that is here, after a look at whether it is one of IRIS.

    Raises:
        ServerStartError: it is not here, or has neither IRIS's variables nor its port.

    """
    with translated(f"find the image {name}", image=name):
        image = client.images.get(name)
    configuration = image.attrs.get("Config") or {}
    variables = " ".join(configuration.get("Env") or ())
    ports = configuration.get("ExposedPorts") or {}
    if "ISC_PACKAGE_INSTANCENAME" in variables or "1972/tcp" in ports:
        return image
    raise ServerStartError(
        f"The image {name} is not one of IRIS: it has neither the variable ISC_PACKAGE_INSTANCENAME nor the "
        "port 1972.",
        hint="Name another one in the setting image, or leave it out to get the community edition.",
        image=name,
    )


def _not_pulled(name: str, text: str) -> ServerStartError:
    lower = text.lower()
    if "denied" in lower or "unauthorized" in lower or "authentication" in lower:
        hint = f"Log in to its registry (`docker login {name.split('/')[0]}`), or check its name."
    elif "not found" in lower or "manifest unknown" in lower:
        hint = "Check its name and tag; old tags of the community edition are taken away."
    else:
        hint = (
            "Is the registry reachable from here (network, proxy)? An image that was pulled elsewhere can be "
            "brought in with `docker load`."
        )
    return ServerStartError(
        f"Cannot pull the image {name}: {text}",
        hint=f"{hint} Without any image, server = 'standin' works.",
        image=name,
        text=text,
        remedied=True,
    )
