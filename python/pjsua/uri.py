"""SIPUri: a URI taken apart and put together."""

from __future__ import annotations

from typing import Optional

from offhook import _offhook

from .errors import PJSIP_EINVALIDURI, Error


class SIPUri:
    """A SIP URI. Port 5060 reads as 0, the default; transport is "" when the URI names none."""

    def __init__(self, uri: Optional[str] = None) -> None:
        self.scheme = ""
        self.user = ""
        self.host = ""
        self.port = 0
        self.transport = ""
        if uri:
            self.decode(uri)

    def decode(self, uri: str) -> None:
        """Reads a URI or name-addr; raises Error 171039 when it is none."""
        if _offhook.uri_check(uri) != 0:
            raise Error("decode()", None, PJSIP_EINVALIDURI)
        text = uri[uri.index("<") + 1:uri.rindex(">")] if "<" in uri else uri.strip()
        scheme, rest = text.split(":", 1)
        rest, _, _headers = rest.partition("?")
        user, at, rest = rest.rpartition("@")
        rest, _, params = rest.partition(";")
        host, port = rest, ""
        if rest.startswith("["):
            host, _, port = rest.partition("]")
            host, port = host + "]", port.lstrip(":")
        elif ":" in rest:
            host, port = rest.split(":", 1)
        self.scheme = scheme.lower()
        self.user = user.partition(":")[0] if at else ""
        self.host = host
        self.port = 0 if port in ("", "5060") else int(port)
        self.transport = ""
        for param in params.split(";"):
            name, _, value = param.partition("=")
            if name.lower() == "transport":
                self.transport = value

    def encode(self) -> str:
        """The URI as text."""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        transport = f";transport={self.transport}" if self.transport else ""
        return f"{self.scheme}:{user}{self.host}{port}{transport}"
