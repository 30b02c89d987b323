"""The pages of the economy in a browser: where they are served, and under which address."""

from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from kryten_economy.config.section import CLAMP, Label, Section, refuse

__all__ = ("Web",)


def _address(text: str) -> str:
    """An origin without path; "" where nothing is given."""
    text = text.strip().rstrip("/")
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        port_is_right, parts = False, urlsplit("")
    is_origin = parts.scheme in {"http", "https"} and f"{parts.scheme}://{parts.netloc}" == text
    plain = text.isascii() and not set(text) & set(" ;,'\"@*\\")
    if not (is_origin and parts.hostname and port_is_right and plain):
        raise refuse("must be like https://economy.example.org, without a path")
    return text.lower()


def _proxy(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError as error:
        raise refuse("must be an IP address or a network such as 10.0.0.0/8") from error


class Web(Section):
    """``web``: the pages; without the section there are none.

    ``public_url`` is how browsers reach them, "" for just ``host`` and ``port``. Only what
    ``trusted_proxies`` say in X-Forwarded-For counts as a visitor's address. ``embed_origins`` may
    show boards and races in a frame. Keys for tests act in ``test_channel`` and nowhere else, and
    no other keys act there.
    """

    host: Label = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 28290
    public_url: Annotated[str, AfterValidator(_address)] = ""
    embed_origins: tuple[Annotated[str, AfterValidator(_address)], ...] = ()
    trusted_proxies: tuple[Annotated[str, AfterValidator(_proxy)], ...] = ()
    session_days: Annotated[int, Field(ge=1, le=365), CLAMP] = 30
    key_reads_per_minute: Annotated[int, Field(ge=1, le=100_000), CLAMP] = 300
    key_changes_per_minute: Annotated[int, Field(ge=1, le=100_000), CLAMP] = 60
    test_channel: str = ""

    def is_test(self, channel: str) -> bool:
        """Whether keys of this channel are keys for tests."""
        return bool(self.test_channel) and self.test_channel.lower() == channel.lower()

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the pages over TLS."""
        return self.public_url.startswith("https://")
