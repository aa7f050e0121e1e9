"""A password that expires in mid-life, mended in containers of ours: their terminal lets us in without it."""

from __future__ import annotations

import logging

from iris_devtools.errors import ServerError

__all__ = ["mend_password"]


def mend_password(host: str, port: int) -> bool:
    """Unexpire the passwords of the server at an address, if it is in a container of ours; True when done.

    Other servers are left alone: whether an account may keep its password is not ours to say there.
    """
    # Imported here: this is needed once in a server's life, if ever.
    from iris_devtools.servers.container.bootstrap import unexpire_passwords
    from iris_devtools.servers.container.engine import connect_engine, translated
    from iris_devtools.servers.docker_socket import engine_address
    from iris_devtools.servers.running import running_iris

    address = engine_address()
    if address is None:
        return False
    try:
        found = next(
            (each for each in running_iris(address) if each.labels is not None and each.serves(host, port)),
            None,
        )
        if found is None:
            return False
        client = connect_engine()
        try:
            with translated(f"find the container {found.name}"):
                container = client.containers.get(found.container_id)
            unexpire_passwords(container)
        finally:
            client.close()
    except (OSError, ServerError) as error:
        # The refusal that led here is what the caller is told of.
        logging.getLogger(__name__).warning("The password of %s:%s is not mended: %s", host, port, error)
        return False
    return True
