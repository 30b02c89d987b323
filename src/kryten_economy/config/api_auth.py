"""Who may change something by request: where the keys are that tokens are checked with."""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from kryten_economy.config.section import CLAMP, Section, refuse

__all__ = ("ApiAuth",)

_Seconds = Annotated[int, Field(ge=5, le=86_400), CLAMP]


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class ApiAuth(Section):
    """``api_auth``: requests that change something need a token, if ``enabled``.

    ``jwks`` is a file, or the address of one. The keys are read again every ``refresh_seconds``,
    and for a key that is not among them at most every ``reread_seconds``. A section that can't be
    used is never read as off: the service does not start with doors open that were to be shut.
    """

    enabled: bool = False
    jwks: str = ""
    issuer: str = ""
    audience: str = "kryten-economy"
    refresh_seconds: _Seconds = 600
    reread_seconds: _Seconds = 30
    timeout_seconds: Annotated[int, Field(ge=1, le=60), CLAMP] = 5

    @property
    def is_address(self) -> bool:
        """Whether the keys are read over HTTP, and not from a file."""
        return "://" in self.jwks

    @field_validator("jwks", "issuer", "audience")
    @classmethod
    def _needed(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("enabled") and not value.strip():
            raise refuse("is required while api_auth.enabled is true")
        return value.strip()

    @field_validator("jwks")
    @classmethod
    def _is_reachable_safely(cls, value: str) -> str:
        if "://" not in value:
            return value
        try:
            parts = urlsplit(value)
            host = parts.hostname or ""
        except ValueError:
            host = ""
        if not host or parts.scheme not in {"http", "https"}:
            raise refuse("must be a path, or an address with https://")
        if parts.scheme == "http" and not _is_this_machine(host):
            raise refuse("must be https: who can change the keys on the way may do anything")
        return value
