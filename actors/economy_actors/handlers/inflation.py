"""How prices follow the coins in circulation, for operators and other services."""

from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Done, PmAnswer
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.prices import inflation_off, inflation_shown

__all__ = ()


@command(
    "inflation", summary="how prices follow the circulation", section=Section.ADMIN, reads=True
)
async def inflation(call: PmCall) -> PmAnswer:
    """Float, anchor and factor, and what they make of some prices."""
    settings, float_z = call.settings, await _float_z(call)
    if not settings.inflation.enabled:
        return inflation_off(float_z, call.symbol)
    return inflation_shown(settings.inflation, float_z, _samples(settings), call.symbol)


def _samples(settings: Settings) -> dict[str, int]:
    tiers = settings.spending.queue_tiers
    return {
        "short video": tiers[0].cost,
        "movie": tiers[-1].cost,
        "playnext": settings.spending.interrupt_play_next,
        "colour": settings.vanity_shop.chat_color.cost,
        "shoutout": settings.vanity_shop.shoutout.cost,
    }


@request("stats.inflation", only_channel=True, scope=Scope.OPERATE)
async def stats_inflation(call: ApiCall) -> ApiAnswer:
    """The factor of a channel, what it is made from and its limits."""
    terms, float_z = call.settings.inflation, await _float_z(call)
    return Done(
        {
            "channel": call.channel,
            "enabled": terms.enabled,
            "multiplier": float(kit.price_factor(call.context, call.channel)),
            "anchor_float": terms.anchor_float,
            "current_float": float_z,
            "min_multiplier": terms.min_multiplier,
            "max_multiplier": terms.max_multiplier,
        }
    )


async def _float_z(call: Call) -> int:
    """The float that prices follow; the one of this moment where they follow none."""
    float_z = call.context.floats.get(call.channel)
    if float_z is not None and call.settings.inflation.enabled:
        return float_z
    return (await call.read(lambda reports: reports.float_of(call.channel))).float_z
