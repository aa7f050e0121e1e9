"""``iris://`` URLs in, ``iris://`` URLs out.

The form is the one of sqlalchemy-iris: ``iris://user:password@host:port/NAMESPACE``. A URL without a host
(``iris:///APP?plugin=iris-devtools``) names a namespace on the *managed* server: whichever one the settings
choose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode

from iris_devtools.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["DEFAULT_NAMESPACE", "DEFAULT_PORT", "IrisUrl", "parse_url"]

DEFAULT_PORT = 1972
"""The superserver port of IRIS (iris-facts 7)."""

DEFAULT_NAMESPACE = "USER"
"""Where sqlalchemy-iris goes when a URL names no namespace."""

_EXAMPLE = "iris://_SYSTEM:password@localhost:1972/USER"

# Like SQLAlchemy's own pattern: a password may hold anything but an unquoted "@", a host in brackets is IPv6.
_URL = re.compile(
    r"""
    (?P<scheme>[A-Za-z][\w+.-]*)://
    (?:(?P<username>[^:/@?]*)(?::(?P<password>[^@]*))?@)?
    (?:\[(?P<ipv6>[^\]/?]+)\]|(?P<host>[^/:?\[\]@]+))?
    (?::(?P<port>[^/?]*))?
    (?:/(?P<namespace>[^?]*))?
    (?:\?(?P<query>.*))?
    """,
    re.VERBOSE | re.DOTALL,
)

_SCHEMES = frozenset({"iris", "iris+intersystems"})


@dataclass(frozen=True)
class IrisUrl:
    """Name a namespace on a server, and the account to use there.

    The password is kept out of ``repr`` and ``str``; :meth:`render` shows it only when asked to.
    """

    host: str = ""
    port: int = DEFAULT_PORT
    namespace: str = DEFAULT_NAMESPACE
    username: str = ""
    password: str = field(default="", repr=False)
    query: tuple[tuple[str, str], ...] = ()

    @property
    def managed(self) -> bool:
        """Tell whether the URL names no server, so that the settings choose one."""
        return not self.host

    def with_namespace(self, namespace: str) -> IrisUrl:
        """Return the same server and account, with another namespace."""
        return replace(self, namespace=namespace)

    def render(self, *, hide_password: bool = True) -> str:
        """Return the URL as text that :func:`parse_url` and SQLAlchemy read back to the same parts.

        With ``hide_password`` (the default) the password is shown as ``***``: good for people, not for
        connecting.
        """
        text = "iris://"
        if self.username or self.password:
            text += quote(self.username, safe=" +")
            if self.password:
                text += ":" + ("***" if hide_password else quote(self.password, safe=" +"))
            text += "@"
        if self.host:
            text += f"[{self.host}]" if ":" in self.host else self.host
            text += f":{self.port}"
        text += "/" + _render_namespace(self.namespace)
        if self.query:
            text += "?" + urlencode(self.query)
        return text

    def to_sqlalchemy(self) -> URL:
        """Return the same parts as a SQLAlchemy URL, without a detour through text."""
        from sqlalchemy.engine import URL

        query: dict[str, tuple[str, ...] | str] = {}
        for name, value in self.query:
            before = query.get(name, ())
            query[name] = (*((before,) if isinstance(before, str) else before), value) if before else value
        return URL.create(
            "iris",
            username=self.username or None,
            password=self.password or None,
            host=self.host or None,
            port=None if self.managed else self.port,
            database=self.namespace,
            query=query,
        )

    def __str__(self) -> str:
        return self.render()


def parse_url(text: str) -> IrisUrl:
    """Read an ``iris://`` URL.

    A missing port is 1972, a missing namespace is USER, a missing host makes a managed URL. User name,
    password and namespace may be percent-encoded, and a password must be where it holds ``@``.

    Raises:
        ConfigurationError: the text is no such URL. The message never repeats a password.

    """
    match = _URL.fullmatch(text.strip())
    if match is None:
        raise ConfigurationError(
            f"Cannot read {_without_password(text)!r} as the URL of an IRIS namespace.",
            hint=f"Write it like {_EXAMPLE}; encode special characters of the password as %40 and so on.",
            url=_without_password(text),
        )
    if match["scheme"].lower() not in _SCHEMES:
        raise ConfigurationError(
            f"{_without_password(text)!r} is a URL for {match['scheme']!r}, not for IRIS.",
            hint=f"Write it like {_EXAMPLE}.",
            url=_without_password(text),
        )
    return IrisUrl(
        host=match["ipv6"] or match["host"] or "",
        port=_port(match["port"], text),
        namespace=unquote(match["namespace"] or "") or DEFAULT_NAMESPACE,
        username=unquote(match["username"] or ""),
        password=unquote(match["password"] or ""),
        query=tuple(parse_qsl(match["query"] or "", keep_blank_values=True)),
    )


def _port(text: str | None, url: str) -> int:
    if not text:
        return DEFAULT_PORT
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise ConfigurationError(
        f"The port {text!r} in {_without_password(url)!r} is not a number from 1 to 65535.",
        hint=f"IRIS listens on {DEFAULT_PORT} unless told otherwise: {_EXAMPLE}.",
        url=_without_password(url),
    )


def _render_namespace(namespace: str) -> str:
    # SQLAlchemy 2.0 takes the namespace as it stands, 2.1 decodes it. "%SYS" reads the same to both ("%SY" is
    # no percent code), so it stays readable; a name that decoding would change has to be quoted.
    if unquote(namespace) == namespace and not re.search(r"[?#\s]", namespace):
        return namespace
    return quote(namespace, safe=" +/")


def _without_password(text: str) -> str:
    # Everything between the first colon of the account and the last "@" may belong to a password, also where
    # the scheme is mistyped.
    return re.sub(r"^([\w+.-]+:/+[^:@]*:|[^:]*:).*@", r"\1***@", text.strip(), flags=re.DOTALL)
