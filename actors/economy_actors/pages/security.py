"""Who asks, from where, and what browsers are told to keep closed.

A session's cookie holds a random token, of which the books know the hash. The token of its forms
is derived from it, so that nobody who can't read the cookie can make one; the headers with which
browsers tell where a form stands are looked at besides.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from kryten_economy.config.web import Web

__all__ = (
    "COOKIE",
    "address_of",
    "browser_in",
    "form_token",
    "headers",
    "is_form_token",
    "is_from_our_pages",
    "new_token",
    "token_hash",
    "token_in",
    "with_cookie",
    "without_cookie",
)

COOKIE: Final = "ke_session"
_TOKEN_LENGTH = 43


def new_token() -> str:
    """What a cookie holds: 32 random bytes."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """How the books know a session."""
    return hashlib.sha256(token.encode()).digest()


def token_in(request: Request) -> str | None:
    """The token in the cookie, if it looks like one."""
    token = request.cookies.get(COOKIE, "")
    return token if len(token) == _TOKEN_LENGTH and token.isascii() else None


_BROWSERS: Final = {
    "edg": "Edge",
    "opr": "Opera",
    "firefox": "Firefox",
    "fxios": "Firefox",
    "chrom": "Chrome",
    "crios": "Chrome",
    "safari": "Safari",
}
_SYSTEMS: Final = {
    "android": "Android",
    "iphone": "an iPhone",
    "ipad": "an iPad",
    "windows": "Windows",
    "mac os": "a Mac",
    "linux": "Linux",
}


def browser_in(user_agent: str) -> str:
    """Which kind of browser it says to be, in words of ours only; "" for what nobody knows.

    Browsers call themselves by the names of older ones too, so the first that is found counts.
    """
    told = user_agent[:500].lower()
    browser = next((name for word, name in _BROWSERS.items() if word in told), "")
    system = next((name for word, name in _SYSTEMS.items() if word in told), "")
    return " on ".join(filter(None, (browser, system)))


def form_token(token: str) -> str:
    """What every form of a session holds."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def is_form_token(token: str, told: str) -> bool:
    """Whether a form was made for this session; the comparison takes the same time always."""
    return hmac.compare_digest(form_token(token).encode(), told.encode())


def is_from_our_pages(request: Request, web: Web) -> bool:
    """Whether a form was sent from a page of ours, as far as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    if web.public_url and origin.lower() == web.public_url:
        return True
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(host) and host.lower() == request.headers.get("host", "").lower()


def with_cookie(response: Response, token: str, web: Web) -> Response:
    """Give the browser a session's token."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=web.session_days * 86_400,
        path="/",
        secure=web.is_secure,
        httponly=True,
        samesite="lax",
    )
    return response


def without_cookie(response: Response, web: Web) -> Response:
    """Have the browser forget it."""
    response.delete_cookie(COOKIE, path="/", secure=web.is_secure, httponly=True, samesite="lax")
    return response


def address_of(request: Request, web: Web) -> str:
    """From where a request comes, as limits count it: a network of 64 bits for IPv6.

    What a trusted proxy says is taken, from the last to the first, as long as trusted ones say it.
    """
    client = request.client.host if request.client is not None else ""
    said = [each.strip() for each in request.headers.get("x-forwarded-for", "").split(",")]
    while said and said[-1] and _is_one_of(client, web.trusted_proxies):
        client = said.pop()
    try:
        address = ip_address(client)
    except ValueError:
        return client[:64]
    if isinstance(address, IPv6Address):
        return str(ip_network((address.packed[:8] + bytes(8), 64)))
    return str(address)


@lru_cache(maxsize=1_024)
def _is_one_of(client: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ip_address(client)
    except ValueError:
        return False
    return any(address in ip_network(each) for each in networks)


_COMMON: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def headers(web: Web, embedded: bool) -> Sequence[tuple[bytes, bytes]]:
    """What goes with every answer; only what is made to be embedded may stand in a frame."""
    ancestors = " ".join(web.embed_origins) if embedded and web.embed_origins else "'none'"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {ancestors}"
    )
    found = {**_COMMON, "content-security-policy": policy}
    if ancestors == "'none'":
        found["x-frame-options"] = "DENY"
    if web.is_secure:
        found["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode()) for name, value in found.items()]
