"""Tests on a real IRIS server: skipped, with the reason, unless one is named.

    IRIS_DEVTOOLS_TEST_URL=iris://_SYSTEM:SYS@localhost:1972/USER pytest tests/iris

The account needs %All. Only namespaces whose names begin with IRISDEVTOOLSTEST are made, and dropped again.
"""

from __future__ import annotations

import os

import pytest

from iris_devtools.servers.server import Server
from iris_devtools.urls import parse_url


@pytest.fixture(scope="session")
def server() -> Server:
    url = parse_url(os.environ["IRIS_DEVTOOLS_TEST_URL"])
    return Server("existing", url.host, url.port, url.username, url.password)
