"""``iris-devtools standin``: run the stand-in in the foreground."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from iris_devtools.cli.exits import ended
from iris_devtools.errors import ServerStartError

__all__ = ["standin"]


@click.command(short_help="Run the stand-in, a server without IRIS.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The directory of its databases; made when it is new.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port; 0, the default, takes a free one."
)
@click.option(
    "--connections",
    type=click.IntRange(min=1),
    help="Refuse more connections than this at once, as a licence does; a community edition allows 8.  "
    "[default: no limit]",
)
@click.option(
    "--change-password",
    is_flag=True,
    help="Let the accounts of a new data directory demand another password first, as a fresh container does.",
)
@click.option(
    "--survives",
    type=click.Choice(["power-cut", "kill"]),
    default="power-cut",
    show_default=True,
    help="What committed rows outlive: also a power cut, or a killed server alone, which waits for no disk.",
)
@click.option(
    "--exit-with-parent",
    is_flag=True,
    help="End when standard input does and no other process uses the server.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
    help="What to log on standard error.",
)
def standin(
    *,
    data: Path,
    host: str,
    port: int,
    connections: int | None,
    change_password: bool,
    survives: str,
    exit_with_parent: bool,
    log_level: str,
) -> None:
    """Run the stand-in: a server that the IRIS driver connects to, with no IRIS behind it.

    The first line on standard output is the URL of namespace USER; it is written when the server is ready.
    SIGTERM and Ctrl-C end it cleanly; the data stay.
    """
    from iris_devtools.standin.errors import StandinError
    from iris_devtools.standin.instance import Options
    from iris_devtools.standin.service import DataDirectoryInUse, PortTaken, serve

    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with ended():
        try:
            serve(
                data,
                host=host,
                port=port,
                options=Options(
                    connection_limit=connections,
                    change_password=change_password,
                    synchronous="NORMAL" if survives == "power-cut" else "OFF",
                ),
                exit_with_owners=exit_with_parent,
                ready=click.echo,
            )
        except DataDirectoryInUse as error:
            raise ServerStartError(
                str(error),
                hint="Use that one, end it, or choose another directory with --data.",
                data=str(data),
                pid=error.pid,
                port=error.port,
            ) from error
        except PortTaken as error:
            raise ServerStartError(
                str(error), hint="Choose another port; --port 0 takes a free one.", host=host, port=port
            ) from error
        except StandinError as error:
            raise ServerStartError(
                f"The stand-in cannot open {data}: {error}",
                hint="If the directory can be spared, delete it: the next start makes a new one.",
                data=str(data),
            ) from error
