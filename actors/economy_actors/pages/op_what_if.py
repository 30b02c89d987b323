"""What if: some keys of the configuration are changed for a replay of the last days, and no more.

Nothing is done to the economy: the books are only read, and the configuration stays as it is.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.messages.what_if import CancelTry, LookAtTries, StartTry, Tries, Wish
from economy_actors.pages.op_kit import field, show
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from economy_actors.runtime import RuntimeFault
from kryten_economy.config.origins import Source, kept_values
from kryten_economy.features import config_versions as kept

__all__ = ("COMMON", "DAYS_MAX", "TEXT_BYTES_MAX")

DAYS_MAX: Final = 30
TEXT_BYTES_MAX: Final = 16 * 1024
VALUE_MAX: Final = 200
_FORM_BYTES_MAX: Final = 64 * 1024
_ASK_WITHIN_S: Final = 5.0

COMMON: Final = (
    "presence.base_rate_per_minute",
    "presence.active_bonus_per_minute",
    "onboarding.welcome_wallet",
    "retention.welcome_back.bonus",
    "chat_triggers.long_message.reward",
    "chat_triggers.laugh_received.reward_per_laugher",
    "chat_triggers.kudos_received.reward",
    "chat_triggers.first_message_of_day.reward",
    "chat_triggers.conversation_starter.reward",
    "content_triggers.like_current.reward",
    "content_triggers.survived_full_media.reward",
    "social_triggers.greeted_newcomer.reward",
    "social_triggers.mentioned_by_other.reward",
    "streaks.daily.milestone_7_bonus",
    "streaks.daily.milestone_30_bonus",
    "rain.enabled",
    "rain.interval_minutes",
    "rain.min_amount",
    "rain.max_amount",
    "balance_maintenance.mode",
    "balance_maintenance.interest.daily_rate",
    "balance_maintenance.interest.max_daily_interest",
    "balance_maintenance.decay.daily_rate",
    "multipliers.off_peak.multiplier",
    "multipliers.high_population.multiplier",
    "ranks.earn_multiplier_per_rank",
    "ranks.spend_discount_per_rank",
    "gambling.enabled",
    "gambling.flip.win_chance",
    "gambling.flip.max_wager",
    "gambling.spin.max_wager",
    "spending.interrupt_play_next",
    "spending.force_play_now",
    "vanity_shop.custom_greeting.cost",
    "vanity_shop.custom_title.cost",
    "vanity_shop.chat_color.cost",
    "vanity_shop.shoutout.cost",
    "inflation.enabled",
    "inflation.anchor_float",
)
"""Keys that operators turn, and that a replay can answer for."""


@page("/op/what-if", who=Who.OPERATOR, nav="What if", at=63, group="Numbers")
async def what_if(view: View) -> Response:
    """The form, what is under way, and what was found last."""
    return await _shown(view)


async def _shown(view: View, problem: str = "") -> Response:
    tries = await _tries(view)
    live = view.context.live
    values = kept_values(live.settings, live.source or Source())
    return show(
        view,
        "op/what_if.html",
        status=422 if problem else 200,
        problem=problem,
        running=tries.running,
        last=tries.last,
        is_taken=tries.is_taken and tries.running is None,
        common=[(key, kept.shown_value(values[key])) for key in COMMON if key in values],
        fields=_fields(view, tries),
        days_max=DAYS_MAX,
        value_max=VALUE_MAX,
        text_max=TEXT_BYTES_MAX,
    )


def _fields(view: View, tries: Tries) -> dict[str, str]:
    """What the form holds: what was just sent, or what the same person has tried last."""
    empty = {"key": "", "value": "", "changes": "", "kind": "keys", "days": str(DAYS_MAX)}
    last = tries.running or tries.last
    if view.form or last is None or last.wish.by != view.user.name:
        return empty | view.form
    wish = last.wish
    return empty | {
        "days": str(wish.days),
        "changes": wish.text,
        "kind": "whole" if wish.is_whole else "keys",
    }


async def _tries(view: View) -> Tries:
    channel = view.channel
    try:
        return await view.site.what_if.ask(
            lambda reply: LookAtTries(channel, reply), timeout_s=_ASK_WITHIN_S
        )
    except RuntimeFault:
        raise HTTPException(503) from None


@form("/op/what-if/start", who=Who.OPERATOR, bytes_max=_FORM_BYTES_MAX)
async def start(view: View) -> Response:
    """Begin a replay, unless one is under way."""
    wish = _wish(view)
    if isinstance(wish, str):
        return await _shown(view, wish)
    try:
        has_begun: bool = await view.site.what_if.ask(
            lambda reply: StartTry(wish, reply), timeout_s=_ASK_WITHIN_S
        )
    except RuntimeFault:
        raise HTTPException(503) from None
    if not has_begun:
        return await _shown(view, "Another replay is under way. Try again when it has ended.")
    return view.go("/op/what-if")


@form("/op/what-if/cancel", who=Who.OPERATOR)
async def cancel(view: View) -> Response:
    """End the replay of this channel, if there is one."""
    channel, by = view.channel, view.user.name
    try:
        await view.site.what_if.ask(
            lambda reply: CancelTry(channel, by, reply), timeout_s=_ASK_WITHIN_S
        )
    except RuntimeFault:
        raise HTTPException(503) from None
    return view.go("/op/what-if")


def _wish(view: View) -> Wish | str:
    """What the form asks for, or what is wrong with it."""
    days = field(view, "days")
    if not (days.isascii() and days.isdecimal() and 1 <= int(days[:9]) <= DAYS_MAX):
        return f"Days must be a whole number from 1 to {DAYS_MAX}."
    text = view.form.get("changes", "").replace("\r\n", "\n")
    key, is_whole = field(view, "key"), field(view, "kind") == "whole"
    if key:
        if text.strip():
            return "Choose one key, or write what changes, not both."
        one = _of_one_key(key, field(view, "value"))
        if one is None:
            return f"Choose a key of the list and give it a value of 1 to {VALUE_MAX} characters."
        text, is_whole = one, False
    if not text.strip():
        return "Choose a key with its new value, or write which keys change."
    if len(text.encode("utf-8", "replace")) > TEXT_BYTES_MAX:
        return f"That is more than {TEXT_BYTES_MAX // 1024} KB of text."
    return Wish(view.channel, view.user.name, int(days), text, is_whole)


def _of_one_key(key: str, value: str) -> str | None:
    """The YAML of one key; None where the key is none to choose, or the value none in one line."""
    if key not in COMMON or not value.isprintable() or not 1 <= len(value) <= VALUE_MAX:
        return None
    parts = key.split(".")
    lines = [f"{'  ' * depth}{part}:" for depth, part in enumerate(parts)]
    return "\n".join(lines) + f" {value}\n"
