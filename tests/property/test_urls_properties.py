"""Whatever a URL is made of comes back from its text, here and in SQLAlchemy."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from iris_devtools.errors import ConfigurationError
from iris_devtools.urls import IrisUrl, parse_url

_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
_hosts = st.one_of(
    st.text(string.ascii_lowercase + string.digits + "-.", min_size=1, max_size=20),
    st.sampled_from(["::1", "fe80::1", "127.0.0.1"]),
)
_namespaces = st.from_regex(r"[A-Z%][A-Z0-9_-]{0,20}", fullmatch=True)


@st.composite
def _urls(draw: st.DrawFn) -> IrisUrl:
    return IrisUrl(
        host=draw(_hosts),
        port=draw(st.integers(1, 65535)),
        namespace=draw(_namespaces),
        username=draw(_text),
        password=draw(_text),
        query=tuple(draw(st.lists(st.tuples(_text.filter(bool), _text), max_size=3))),
    )


@given(_urls())
def test_a_rendered_url_reads_back(url: IrisUrl) -> None:
    assert parse_url(url.render(hide_password=False)) == url


@given(_urls())
def test_sqlalchemy_reads_the_same_account_host_and_namespace(url: IrisUrl) -> None:
    read = make_url(url.render(hide_password=False))

    assert (read.host, read.port, read.database) == (url.host, url.port, url.namespace)
    assert (read.username or "", read.password or "") == (url.username, url.password)


@given(_urls(), st.text(string.ascii_letters, min_size=12, max_size=20))
def test_a_shown_url_never_holds_the_password(url: IrisUrl, password: str) -> None:
    secret = IrisUrl(url.host, url.port, url.namespace, "u", password)

    assert password not in f"{secret} {secret!r} {secret.render()}"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_url(text)
    except ConfigurationError as error:
        assert error.hint
