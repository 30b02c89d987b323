"""Wallets for other services of the family: what they may take from users."""

from typing import Annotated, ClassVar

from pydantic import Field

from kryten_economy.config.section import (
    OFF,
    SKIP,
    PositiveCount,
    Price,
    Remedy,
    Section,
    at_least,
    unique,
)

__all__ = ("WalletService", "Wallets")


class WalletService(Section):
    """One service that may charge; the caps are for a day, 0 means none."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    daily_cap: Price | None = None
    total_daily_cap: Price = 0


class Wallets(Section):
    """``wallets``; a cap of 0 is none, and a service without ``daily_cap`` has the common one."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = False
    bucket: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")] = "kryten_economy_wallets"
    user_daily_cap: Price = 0
    service_daily_cap: Price = 0
    ttl_seconds: PositiveCount = 300
    max_ttl_seconds: Annotated[PositiveCount, at_least("ttl_seconds")] = 3600
    allow_unknown_services: bool = False
    services: Annotated[
        tuple[WalletService, ...], unique("service name", lambda service: service.name), SKIP
    ] = ()

    def service(self, name: str) -> WalletService | None:
        """The entry of a service; None for one that may not charge."""
        for each in self.services:
            if each.name == name:
                return each
        return WalletService(name=name) if self.allow_unknown_services else None
