"""Replies and notices every user may get, and why something about money did not happen.

`in_words` is the one way to tell a refusal; people and other services read the same sentence.
Texts name what was wrong and what is allowed, and quote commands with ``'``: the channel's filters
would eat pairs of ``*``, ``_`` and backticks (`wire.md` 0.2). Names and words of users are cleaned
here.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, assert_never

from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    AboveMaximum,
    AgainstTheRules,
    AlreadyIn,
    AlreadyOwned,
    AlreadyPending,
    AlreadySettled,
    AnyRefusal,
    Banned,
    BelowMinimum,
    BountyOver,
    Busy,
    Conflict,
    CoolingDown,
    DailyLimit,
    DailySum,
    EventRuns,
    Frozen,
    Halted,
    Ignored,
    Insufficient,
    InvalidAmount,
    Level,
    LimitReached,
    NoAccount,
    NoBounty,
    NoHold,
    NotForSale,
    NotPending,
    NotUndoable,
    NotYours,
    Occupied,
    OpponentUnable,
    OverCap,
    PlayLimit,
    PlayPaused,
    ReadOnly,
    SameAccount,
    SoldOut,
    TooFewCoins,
    TooManyOpen,
    TooYoung,
)
from kryten_economy.text.markup import clip, name_shown, user_text
from kryten_economy.text.templates import ByPm, duration, minute_of, money, plural, uptime

__all__ = (
    "about",
    "about_oneself_only",
    "above_maximum",
    "already_owned",
    "already_pending",
    "amounts_allowed",
    "announced",
    "bad_amount",
    "bad_name",
    "below_minimum",
    "books_closed",
    "busy",
    "cancelled",
    "cooling_down",
    "daily_limit",
    "daily_sum",
    "event_runs",
    "feature_off",
    "frozen",
    "guest_not_allowed",
    "halted",
    "ignored",
    "in_words",
    "insufficient",
    "internal_error",
    "limit_reached",
    "no_account",
    "no_name_taken",
    "no_sentences",
    "not_authorised",
    "not_connected",
    "not_for_sale",
    "not_known_yet",
    "not_pending",
    "not_undoable",
    "not_yourself",
    "nothing_to_confirm",
    "out_of_range",
    "outcome_unknown",
    "over_cap",
    "play_limit",
    "play_paused",
    "reload_failed",
    "reloaded",
    "slow_down",
    "sold_out",
    "target_banned",
    "target_frozen",
    "too_many_open",
    "too_new",
    "unknown_command",
    "unknown_user",
    "usage",
    "wrong_code",
)

_WORD_UNITS_MAX = 40


def about(service: str, version: str, uptime_s: float) -> str:
    """Name, version and uptime."""
    return f"{service} {version} | up {uptime(uptime_s)} | PM 'help' for the commands"


def unknown_command(word: str, suggestion: str | None) -> str:
    """The word was no command; the nearest one if any is near, and the way to help."""
    shown = clip(user_text(word), _WORD_UNITS_MAX)
    hint = f" Did you mean '{suggestion}'?" if suggestion else ""
    return f"I don't know the command '{shown}'.{hint} PM 'help' for the list."


def cancelled() -> str:
    """Anything but YES to a question means no."""
    return "OK, cancelled: nothing was done."


def out_of_range(choices: int) -> str:
    """A number that the list does not have."""
    return f"Pick a number from 1 to {choices}." if choices > 1 else "The list has only number 1."


def nothing_to_confirm() -> str:
    """YES without a question, or too late."""
    return (
        "There is nothing to confirm. If I asked you something, it has run out of time:"
        " please ask again."
    )


def wrong_code() -> str:
    """What waits for a number was not confirmed with it."""
    return "That is not the number I gave you, so nothing was done. Ask again for a new one."


def no_sentences() -> str:
    """Somebody talks to the bot as to a person."""
    return "I only understand commands. PM 'help' for the list."


def about_oneself_only(command: str, profile: bool) -> str:
    """Somebody else was named, and the command takes no name."""
    other = " 'profile @user' tells about others." if profile else ""
    return f"'{command}' tells about yourself only.{other}"


def no_name_taken(command: str) -> str:
    """Somebody was named, and the command is not about anybody."""
    return f"'{command}' takes no user name."


def usage(syntax: str, problem: str | None = None) -> str:
    """How the command is written; with what was wrong in front, if that is known."""
    text = f"Usage: {syntax}"
    return text if problem is None else f"{problem}\n{text}"


def slow_down(limit_per_minute: int, retry_after_s: float) -> str:
    """Told once per window to whoever sends too many commands."""
    wait = duration(max(1, -(-retry_after_s // 1)))
    return (
        f"⏳ Slow down, please: at most {plural(limit_per_minute, 'command')} per minute"
        f" (those that only show something count half). I'll listen again in {wait}."
    )


def not_authorised(command: str) -> str:
    """An admin command by somebody else."""
    return f"'{command}' needs admin rights in this channel."


def guest_not_allowed() -> str:
    """The answer to guests while only registered users take part."""
    return (
        "Guests can't hold money here, since anyone can take a guest's name."
        " Log in with a registered CyTube account and you'll start earning."
    )


def not_known_yet() -> str:
    """Somebody wrote whom no user list has shown so far."""
    return "I don't see you in the user list yet. Please try again in a few seconds."


def internal_error() -> str:
    """Something broke and nothing was changed."""
    return "Sorry, something went wrong on my side and nothing was changed. Please try again later."


def outcome_unknown() -> str:
    """Something broke and nobody knows yet whether it happened."""
    return ByPm(
        "Sorry, I can't tell whether that went through. Please check ",
        "'history'",
        " before you try again.",
        for_page="your statement",
    )


_ERROR_UNITS_MAX = 600


_KEYS_MAX = 12


def reloaded(changed: Sequence[str], restart_needed: Sequence[str]) -> str:
    """To the admin: the key paths that changed, and those that wait for a restart.

    The two lists have no key in common.
    """
    if not changed and not restart_needed:
        return "✅ Config read again: nothing has changed."
    lines = ["✅ Config reloaded."]
    if changed:
        lines.append(f"Changed: {_some(changed)}.")
    if restart_needed:
        lines.append(f"⚠️ Only after a restart: {_some(restart_needed)}.")
    return "\n".join(lines)


def reload_failed(error: str) -> str:
    """To the admin: what is wrong with the file; its line breaks are kept."""
    told = "\n".join(line for line in map(user_text, error.splitlines()) if line)
    return f"❌ Config not reloaded, the old one stays.\n{clip(told, _ERROR_UNITS_MAX)}"


def announced(lines: int) -> str:
    """To the admin: the text is on its way."""
    return "✅ Announced." if lines == 1 else f"✅ Announced in {plural(lines, 'line')}."


def _some(keys: Sequence[str]) -> str:
    """The first keys, one per line where the filters would pair their underscores."""
    named = list(keys[:_KEYS_MAX])
    if len(keys) > _KEYS_MAX:
        named.append(f"and {len(keys) - _KEYS_MAX:,} more")
    return ("\n" if sum(key.count("_") for key in named) > 1 else ", ").join(named)


_NAME_UNITS_MAX = 40


def in_words(  # noqa: C901, PLR0911, PLR0912  # one sentence for each refusal
    refusal: AnyRefusal, symbol: str, *, name: str | None = None
) -> str:
    """Why nothing was done; ``name`` is whose account it was about, None for the reader's own."""
    match refusal:
        case Insufficient(balance_z, short_z):
            if name is None:
                return insufficient(balance_z + short_z, balance_z, symbol)
            needed, has = money(balance_z + short_z, symbol), money(balance_z, symbol)
            return (
                f"{_shown(name)} has only {has}, so {needed} can't be deducted."
                " Nothing was changed."
            )
        case NoAccount(user):
            return no_account() if name is None else unknown_user(name or user.name)
        case Frozen(user, until_ms):
            return target_frozen(name or user.name, until_ms)
        case Banned(user):
            return target_banned(name or user.name)
        case TooFewCoins(users):
            return f"That is less than one coin each for {users}. Nothing was changed."
        case SameAccount():
            return "That would go from you to you. Nothing was changed."
        case Conflict():
            return "This request_id was used before, for something else. Nothing was changed."
        case NoHold() | AlreadySettled():
            return "That is settled already. Nothing was changed."
        case Halted(what=what, until_ms=until_ms):
            return halted(what, until_ms)
        case ReadOnly():
            return books_closed()
        case InvalidAmount(amount_z):
            return above_maximum(amount_z, AMOUNT_MAX_Z, symbol)
        case Ignored(ignored_name):
            return ignored(ignored_name)
        case Busy():
            return busy()
        case CoolingDown(what, left_ms):
            return cooling_down(what, left_ms / 1000)
        case DailyLimit(what, limit):
            return daily_limit(what, limit)
        case LimitReached(what, limit):
            return limit_reached(what, limit)
        case SoldOut(what):
            return sold_out(what)
        case NotForSale(what):
            return not_for_sale(what)
        case AlreadyOwned(what):
            return already_owned(what)
        case EventRuns(event, left_ms):
            return event_runs(event, left_ms / 1000)
        case AlreadyPending(what):
            return already_pending(what)
        case OverCap():
            return over_cap(refusal, symbol)
        case NotPending():
            return not_pending()
        case BelowMinimum(amount_z, minimum_z):
            return below_minimum(amount_z, minimum_z, symbol)
        case AboveMaximum(amount_z, maximum_z):
            return above_maximum(amount_z, maximum_z, symbol)
        case Occupied(by):
            return f"{by} is on at the moment. Please wait until it is over."
        case AlreadyIn(what):
            return f"You are in already: {what} takes one stake from each."
        case AgainstTheRules(rule):
            return rule
        case TooYoung(left_ms):
            return too_new(left_ms)
        case PlayPaused(until_ms):
            return play_paused(until_ms)
        case PlayLimit(what, limit_z, left_z):
            return play_limit(what, limit_z, left_z, symbol)
        case OpponentUnable(user, why):
            return f"{_shown(name or user.name)} {why}."
        case DailySum(what, limit_z, left_z):
            return daily_sum(what, limit_z, left_z, symbol)
        case TooManyOpen(limit):
            return too_many_open(limit)
        case NoBounty(number):
            return f"There is no bounty #{number} in this channel."
        case BountyOver(number, state):
            return f"Bounty #{number} was {state} already. Nothing was changed."
        case NotUndoable():
            return not_undoable(refusal, symbol)
        case NotYours(what):
            return f"Only whoever made that {what} can do this, or an admin. Nothing was changed."
        case _:
            assert_never(refusal)


def not_undoable(refusal: NotUndoable, symbol: str) -> str:
    """Why an act stays; where balances don't reach, who lacks how much."""
    number = refusal.undo_id or 0
    match refusal.why:
        case "unknown" if not number:
            return ByPm(
                "You have done nothing here that could be undone.", " 'audit' shows all acts."
            )
        case "unknown":
            return ByPm(
                f"There is no act #{number:,} in this channel.", " 'audit' shows the last ones."
            )
        case "undone":
            return (
                f"#{number:,} was undone already, by #{refusal.by_id or 0:,}. Nothing was changed."
            )
        case "final":
            return f"#{number:,} can't be undone. {refusal.rule}"
        case "short":
            listed = ", ".join(
                f"{_shown(name)} (has {money(has_z, symbol)}, {money(needed_z, symbol)} needed)"
                for name, needed_z, has_z in refusal.first
            )
            more = refusal.short - len(refusal.first)
            others = f" and {more:,} more" if more > 0 else ""
            return ByPm(
                f"#{number:,} was not undone: these would go below zero: {listed}{others}.",
                f" 'undo {number} partial' takes what is there.",
                for_page=" It can be undone by taking what is there.",
            )


def ignored(name: str) -> str:
    """The bot and ignored users hold no money."""
    return f"{_shown(name)} is on the list of ignored users, who are paid nothing."


def insufficient(needed_z: int, balance_z: int, symbol: str) -> str:
    """The balance does not cover the price or wager."""
    short = money(needed_z - balance_z, symbol)
    return (
        f"That takes {money(needed_z, symbol)} and you have {money(balance_z, symbol)}:"
        f" {short} short."
    )


def below_minimum(amount_z: int, minimum_z: int, symbol: str) -> str:
    """The amount is smaller than allowed."""
    return f"{money(amount_z, symbol)} is too little: the minimum is {money(minimum_z, symbol)}."


def above_maximum(amount_z: int, maximum_z: int, symbol: str) -> str:
    """The amount is larger than allowed."""
    return f"{money(amount_z, symbol)} is too much: the maximum is {money(maximum_z, symbol)}."


def bad_amount(text: str, reason: str = "") -> str:
    """The text is no amount; ``reason`` says why (`commands.grammar`)."""
    return f"'{_shown(text)}' is not an amount{': ' if reason else ''}{reason}."


def amounts_allowed(balance_z: int, symbol: str) -> str:
    """How an amount of one's own money may be written, and how much there is."""
    has = money(balance_z, symbol)
    return f"Write it like 50, 1,000, 5k, 1.5m, 50%, half or all; you have {has}."


def bad_name(text: str) -> str:
    """The text can't be a user name."""
    return (
        f"'{_shown(text)}' can't be a user name:"
        " names have 1 to 20 letters, digits, '-' and underscores."
    )


def unknown_user(name: str) -> str:
    """No account under this name in the channel."""
    return f"I don't know anyone called {_shown(name)} in this channel."


def no_account() -> str:
    """The sender has no account yet."""
    return ByPm("You have no account yet.", " PM 'balance' to open one.")


def not_connected(name: str) -> str:
    """The user has to be here for this."""
    return f"{_shown(name)} is not here at the moment."


def not_yourself(what: str) -> str:
    """The sender named themself: ``what`` is ``tip`` or ``challenge``."""
    return f"You can't {what} yourself."


def target_banned(name: str) -> str:
    """The other user is banned from the economy."""
    return f"{_shown(name)} is suspended from the economy at the moment."


def target_frozen(name: str, until_ms: int) -> str:
    """The user's account is frozen for a time, or (0) until an admin lifts it."""
    return f"{_shown(name)} is frozen by an admin {_until(until_ms)}: no money goes in or out."


def frozen(until_ms: int) -> str:
    """The answer to a frozen user's command that could move money."""
    return (
        f"An admin has frozen your account {_until(until_ms)}: you neither earn nor spend."
        " Your balance is kept."
    )


_HALTED: Final[dict[Level, str]] = {
    "earning": "Earning is paused by an admin",
    "games": "Games are paused by an admin",
    "spending": "Spending is paused by an admin",
    "read-only": "No money moves here by an admin's order",
}


def halted(what: Level, until_ms: int | None) -> str:
    """An admin has stopped this in the whole channel."""
    return f"{_HALTED[what]} {_until(until_ms)}. Nothing was changed."


def _until(until_ms: int | None) -> str:
    return f"until {minute_of(until_ms)} UTC" if until_ms else "until further notice"


def cooling_down(what: str, wait_s: float) -> str:
    """Too early for another one; the wait is rounded up to whole seconds."""
    return f"{what} is cooling down: try again in {duration(max(1, -(-wait_s // 1)))}."


def daily_limit(what: str, limit: int) -> str:
    """The allowance of the day is used up; ``what`` is one piece (``queued video``)."""
    return f"You've reached today's limit of {plural(limit, what)}. Come back tomorrow."


def daily_sum(what: str, limit_z: int, left_z: int, symbol: str) -> str:
    """More than what is left of the day's allowance; ``what`` are ``tips``."""
    left = f"{money(left_z, symbol)} of it are left" if left_z else "nothing of it is left"
    return f"You can send {money(limit_z, symbol)} in {what} a day, and {left} today."


def too_new(left_ms: int) -> str:
    """The account is too young for this; the wait is rounded up to whole minutes."""
    minutes = max(1, -(-left_ms // 60_000))
    return f"Your account is too new for this: try again in {plural(minutes, 'minute')}."


def too_many_open(limit: int) -> str:
    """As many bounties as one may have at once."""
    if not limit:
        return "Nobody can set out a bounty here at the moment."
    many = plural(limit, "open bounty", "open bounties")
    return f"You have {many} already, which is as many as one can have at once."


def limit_reached(what: str, limit: int) -> str:
    """Nobody may have more than so many of it."""
    had = "one" if limit == 1 else f"{limit:,}"
    return f"Nobody can have more than {had} of '{_shown(what)}', and you have had yours."


def sold_out(what: str) -> str:
    """The stock is used up."""
    return f"'{_shown(what)}' is sold out. Nothing was charged."


def not_for_sale(what: str) -> str:
    """It was taken out of the shop, or is another one by now."""
    return ByPm(
        f"'{_shown(what)}' is no longer sold as it was.", " PM 'shop' for what there is now."
    )


def already_owned(what: str) -> str:
    """It would be paid for nothing."""
    return f"You have '{_shown(what)}' already. Nothing was charged."


def event_runs(name: str, left_s: float) -> str:
    """One event at a time; the wait is rounded up to whole seconds."""
    wait = duration(max(1, -(-left_s // 1)))
    return f"{_shown(name)} is still on. Try again in {wait}, when it is over."


_CAPS = {
    "user": "what services may take from one user",
    "service": "what {} may take from one user",
    "total": "what {} may take from all users together",
}


def over_cap(refusal: OverCap, symbol: str) -> str:
    """A service would take more than today's cap leaves."""
    what = _CAPS[refusal.whose].format(refusal.service)
    return (
        f"{money(refusal.asked_z, symbol)} is more than today allows: {what} is"
        f" {money(refusal.cap_z, symbol)} a day, of which {money(refusal.left_z, symbol)} are left."
        " Nothing was changed."
    )


def feature_off(what: str) -> str:
    """The feature is switched off; ``what`` begins the sentence (``Tipping``)."""
    return f"{what} is switched off in this channel."


def busy() -> str:
    """The service could not take the command in time; nothing was done."""
    return "I'm too busy right now and did nothing. Please try again in a moment."


def play_paused(until_ms: int) -> str:
    """They asked for a pause, which can't be ended early."""
    until = datetime.fromtimestamp(until_ms / 1000, UTC)
    return f"You asked for a pause from games until {until:%Y-%m-%d %H:%M} UTC. It can't be undone."


def play_limit(what: str, limit_z: int, left_z: int, symbol: str) -> str:
    """A limit of the day, the user's own or the channel's."""
    return (
        f"That would pass today's limit on {what} of {money(limit_z, symbol)}:"
        f" {money(left_z, symbol)} left."
    )


def already_pending(what: str) -> str:
    """The one before it was not decided yet; ``what`` is the thing (``GIF``)."""
    return f"Your {what} is still waiting; one at a time, please."


def not_pending() -> str:
    """Nothing waits for that decision."""
    return "There is nothing of that kind to decide: it is settled already, or never was."


def books_closed() -> str:
    """The channel is read-only until an operator has looked at its books."""
    return (
        "Payments in this channel are paused while an operator checks the books."
        " Your balance is safe."
    )


def _shown(text: str) -> str:
    return clip(name_shown(text), _NAME_UNITS_MAX)
