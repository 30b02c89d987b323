"""`shop` and `buy`: the counter at which everything is sold that a name and a text can buy.

What is sold registers where it is written (`sell`), and what operators define while the service
runs comes from a function that is asked each time (`sell_also`). The counter knows neither prices
nor rules: a ware tells its own lines, and refuses by itself what can't be bought.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from economy_actors.handlers.answers import Code, Failed, PmAnswer, Refused
from economy_actors.handlers.registry import PmCall, Question, command
from kryten_economy.commands.table import Section
from kryten_economy.features.approvals import pending_approvals
from kryten_economy.features.possessions import owned_by_user
from kryten_economy.features.vanity import texts

__all__ = (
    "Offer",
    "Provider",
    "Ware",
    "sell",
    "sell_also",
    "service_keys",
    "service_wares",
    "wares",
)


class Offer(NamedTuple):
    """What a ware is to somebody now: ``line`` is how `shop` lists it, the rest is for pages.

    ``price`` is theirs, in words. ``takes`` is what is written behind the key, "" if nothing;
    ``owned`` the type under which the books keep what was bought.
    """

    line: str
    title: str = ""
    price: str = ""
    about: str = ""
    takes: str = ""
    owned: str = ""


@dataclass(frozen=True, slots=True)
class Ware:
    """Something to be bought.

    ``keys`` are what follows `buy`, in lower case; the first one is shown. ``listed`` gives what
    is offered, nothing while it is not. ``buy`` gets what stands behind the key. ``why_not``
    tells what stands in the way right now apart from money, for who looks before they buy.
    """

    keys: tuple[str, ...]
    listed: Callable[[PmCall], Sequence[Offer]]
    buy: Callable[[PmCall, str], Awaitable[PmAnswer | Question]]
    why_not: Callable[[PmCall], Awaitable[Refused | Failed | None]] | None = None


Provider: TypeAlias = Callable[[PmCall], Awaitable[Sequence[Ware]]]

_WARES: list[Ware] = []
_PROVIDERS: list[Provider] = []


def sell(ware: Ware) -> Ware:
    """Put a ware into the shop of every channel; no two may share a key."""
    taken = {key for other in _WARES for key in other.keys}
    clash = taken.intersection(ware.keys)
    if clash:
        raise ValueError(f"two wares are called {min(clash)}")
    _WARES.append(ware)
    return ware


def sell_also(provider: Provider) -> Provider:
    """Have a function asked for more wares whenever somebody looks or buys."""
    _PROVIDERS.append(provider)
    return provider


def service_wares() -> tuple[Ware, ...]:
    """What the service itself sells, in the order of `shop`."""
    return tuple(_WARES)


def service_keys() -> frozenset[str]:
    """The words under which the service itself sells something."""
    return frozenset(key for ware in _WARES for key in ware.keys)


async def wares(call: PmCall) -> list[Ware]:
    """All there is; a ware of the service itself comes before one of the same name."""
    found = list(_WARES)
    for provider in _PROVIDERS:
        found.extend(await provider(call))
    return found


@command("shop", summary="what you can buy, and what you own", section=Section.SHOP, reads=True)
async def shop(call: PmCall) -> PmAnswer:
    """What is offered at what price for the asker, and what they own already."""
    lines = [offer.line for ware in await wares(call) for offer in ware.listed(call)]
    owned, waiting = await call.read(
        lambda reports: (
            owned_by_user(reports, call.user),
            pending_approvals(reports, call.channel, limit=1000),
        )
    )
    values = [(each.type, each.value) for each in owned]
    pending = [each.type for each in waiting if each.name == call.user.name]
    return texts.shop(lines, values, pending)


@command("buy", syntax="buy <item> [text]", summary="buy from the shop", section=Section.SHOP)
async def buy(call: PmCall) -> PmAnswer | Question:
    """Find what is meant and have it sold."""
    if not call.args:
        return call.usage(texts.what_is_sold())
    found = _named(await wares(call), call.args)
    if found is None:
        return Refused(Code.INVALID_REQUEST, texts.not_sold(call.args[0]))
    ware, words = found
    return await ware.buy(call, call.parsed.text(words))


def _named(all_wares: Sequence[Ware], args: Sequence[str]) -> tuple[Ware, int] | None:
    """The ware whose key the arguments begin with, and how many words that are.

    The longest key counts, so that ``title card`` is not the title ``card``.
    """
    typed = [arg.lower() for arg in args]
    best: tuple[Ware, int] | None = None
    for ware in all_wares:
        for key in ware.keys:
            words = key.split()
            if typed[: len(words)] == words and (best is None or len(words) > best[1]):
                best = ware, len(words)
    return best
