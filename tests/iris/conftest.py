"""Tests on a real IRIS server: skipped, with the reason, unless one is named, or an image to start one from.

    IRIS_DEVTOOLS_TEST_URL=iris://_SYSTEM:SYS@localhost:1972/USER pytest tests/iris
    pytest tests/iris --iris-image intersystems/iris-community:latest-em

The account needs %All. Only namespaces whose names begin with IRISDEVTOOLSTEST are made, and dropped again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from iris_devtools.servers.container import IRISContainer
from iris_devtools.servers.server import Server
from iris_devtools.urls import parse_url


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[Server]:
    if named := os.environ.get("IRIS_DEVTOOLS_TEST_URL"):
        url = parse_url(named)
        yield Server("existing", url.host, url.port, url.username, url.password)
    else:
        # The modules have been skipped where there is neither.
        with IRISContainer.image(pytestconfig.getoption("--iris-image")) as container:
            yield container.server
