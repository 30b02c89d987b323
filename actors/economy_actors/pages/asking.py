"""A member's question without a PM: what pages show by the functions that answer PMs."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.exceptions import HTTPException

from economy_actors.context import halted_in
from economy_actors.handlers.registry import COMMANDS, PmCall
from economy_actors.pages.view import View
from kryten_economy.commands.grammar import Parsed
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Level

__all__ = ("PageCall", "as_pm", "own_account")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageCall(PmCall):
    """A command that is looked into and never carried out; it reads as pages do."""

    view: View = field(kw_only=True)

    async def read(self, run: Callable[[Reports], T]) -> T:
        """Ask the books something; where they can't answer, the page says so."""
        return await self.view.read(run)

    def stopped(self, by: Collection[Level]) -> str:
        """Why nothing of a kind can be done here now, if admins have stopped it; else ""."""
        halted = halted_in(self.context, self.channel, by)
        return "" if halted is None else self.refused(halted).text


def own_account(wallet: Wallet | None) -> Wallet:
    """The wallet of who is signed in, which somebody may have closed meanwhile."""
    if wallet is None:
        raise HTTPException(404, "There is no account of yours here any more.")
    return wallet


async def as_pm(view: View, command: str) -> PageCall:
    """What the member would get if they sent this command now, with their wallet of now."""
    spec = COMMANDS.find(command)
    assert spec is not None, command
    user, day = view.user, view.day
    wallet = own_account(await view.read(lambda reports: reports.wallet(user, day)))
    return PageCall(
        view.context,
        view.channel,
        wallet.display_name,
        "",
        None,
        spec,
        user,
        Parsed(command, (), ""),
        wallet,
        view.is_operator,
        view=view,
    )
