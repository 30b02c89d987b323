"""What players read about games in general, and about those of one move."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal, NamedTuple

from kryten_economy.text.markup import clip, name_shown, user_text
from kryten_economy.text.templates import (
    duration,
    money,
    plural,
    rendered_or,
    signed_money,
    thousands,
)

__all__ = (
    "OddsRow",
    "ReturnRow",
    "announced",
    "called_off",
    "fair_secret",
    "fair_seed",
    "fair_today",
    "fair_unknown",
    "fair_waits",
    "flipped",
    "free_spin_used",
    "games_played",
    "house_report",
    "limits_shown",
    "never_played",
    "no_round",
    "odds",
    "odds_by_game",
    "pause_begun",
    "pause_unclear",
    "settled_late",
    "spun",
    "verified_false",
    "verified_true",
    "verify_later",
)

_OUTCOME_UNITS_MAX = 300


def settled_late(
    title: str, number: int, stake_z: int, payout_z: int, balance_z: int, symbol: str
) -> str:
    """A round that was drawn before an interruption, and paid after it."""
    paid = money(payout_z, symbol)
    return (
        f"🎲 {title} {number} is settled after an interruption: you staked"
        f" {money(stake_z, symbol)} and got {paid}."
        f" Balance: {money(balance_z, symbol)}."
    )


def called_off(title: str, stake_z: int, balance_z: int, symbol: str) -> str:
    """A round that did not take place."""
    return (
        f"🎲 {title} was called off: your {money(stake_z, symbol)} are back."
        f" Balance: {money(balance_z, symbol)}."
    )


# Games of one move


def spun(
    symbols: str, stake_z: int, payout_z: int, balance_z: int, number: int, symbol: str
) -> str:
    """What the machine has shown and paid; a stake of 0 is a free spin."""
    head = f"🎰 {user_text(symbols)}" if stake_z else f"🎁 Free spin: {user_text(symbols)}"
    end = f"Balance: {money(balance_z, symbol)}. (Round {number})"
    return f"{head} - {_brought(stake_z, payout_z, symbol)} {end}"


def flipped(
    stake_z: int, payout_z: int, balance_z: int, number: int, symbol: str, *, won: bool
) -> str:
    """How the coin fell."""
    side = "Heads, you win!" if won else "Tails, you lose."
    end = f"Balance: {money(balance_z, symbol)}. (Round {number})"
    return f"🪙 {side} {_brought(stake_z, payout_z, symbol)} {end}"


def _brought(stake_z: int, payout_z: int, symbol: str) -> str:
    """Stake and payout, and what the one makes of the other."""
    stake, paid = money(stake_z, symbol), money(payout_z, symbol)
    if not stake_z:
        return f"It pays {paid}." if payout_z else "Nothing this time, and it has cost nothing."
    if payout_z > stake_z:
        won = signed_money(payout_z - stake_z, symbol)
        return f"Your {stake} bring {paid} ({won})."
    if payout_z == stake_z:
        return f"Your {stake} come back."
    if payout_z:
        return f"{paid} of your {stake} come back."
    return f"Your {stake} are gone."


def free_spin_used(*, spins: bool) -> str:
    """There is one a day."""
    more = " Until then: spin <wager>." if spins else ""
    return f"You've had your free spin of today. The next one comes tomorrow.{more}"


_LINES: Mapping[str, str] = {
    "jackpot": "🎰 JACKPOT! {user} just won {amount} {currency}!",
    "spin": "🎰 {user} spun and won {amount} {currency}!",
    "flip": "🪙 {user} flipped and won {amount} {currency}!",
    "free_spin": "🎁 {user} won {amount} {currency} on a FREE spin!",
}


def announced(
    what: Literal["jackpot", "spin", "flip", "free_spin"],
    template: str,
    display_name: str,
    payout_z: int,
    stake_z: int,
    currency: Mapping[str, object],
) -> str:
    """The line for the channel; an empty template is the built-in text."""
    values = {
        **currency,
        "user": name_shown(display_name),
        "amount": thousands(payout_z),
        "wager": thousands(stake_z),
    }
    return rendered_or(template, _LINES[what], values)


# Statistics


def games_played(
    counts: Sequence[tuple[str, int]],
    biggest_win_z: int,
    biggest_loss_z: int,
    net_z: int,
    symbol: str,
) -> str:
    """How often somebody has played each game, and what all of them came to."""
    games = ", ".join(f"{name} {count:,}" for name, count in counts)
    return (
        f"🎲 Your games: {games}.\n"
        f"Biggest win: {money(biggest_win_z, symbol)} | Biggest loss:"
        f" {money(biggest_loss_z, symbol)} | Net: {signed_money(net_z, symbol)}"
    )


def never_played(*, free_spin: bool) -> str:
    """Nothing to count; ``free_spin``: there is one a day."""
    start = "Your daily free spin costs nothing: spin" if free_spin else "See 'odds' first."
    return f"🎲 You haven't played any game yet. {start}"


class OddsRow(NamedTuple):
    """A way to play, and what of a stake comes back on average, in words."""

    title: str
    label: str
    percent: str


def odds(rows: Sequence[OddsRow]) -> str:
    """What each game returns, ways to play the same game in one line."""
    if not rows:
        return "🎲 No game is played here."
    lines = [f"{title}: {told}" for title, told in odds_by_game(rows).items()]
    return "🎲 What comes back of a stake on average:\n" + "\n".join(lines)


def odds_by_game(rows: Sequence[OddsRow]) -> dict[str, str]:
    """The same by the title of the game; rows of one game stand together."""
    return {title: _ways(ways) for title, ways in groupby(rows, key=attrgetter("title"))}


def _ways(ways: Iterable[OddsRow]) -> str:
    alike = [(percent, [way.label for way in same]) for percent, same in _alike(ways)]
    return ", ".join(f"{each} ({_span(labels)})" for each, labels in alike)


def _alike(ways: Iterable[OddsRow]) -> Iterable[tuple[str, Iterable[OddsRow]]]:
    """Neighbours that return the same."""
    return groupby(ways, key=attrgetter("percent"))


def _span(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"


class ReturnRow(NamedTuple):
    """A game of the house's report; ``compared`` is observed against expected, in words."""

    title: str
    rounds: int
    staked_z: int
    paid_z: int
    compared: str


def house_report(
    staked_z: int,
    paid_z: int,
    edge_percent: str,
    slot_edge: str,
    games: Sequence[ReturnRow],
    heist: str,
    gamblers: int,
    rounds: int,
    symbol: str,
) -> str:
    """What operators are told of all games of a channel; ``heist`` is "" where there is none."""
    result = signed_money(staked_z - paid_z, symbol)
    lines = [
        f"🎲 Staked {money(staked_z, symbol)} | Paid {money(paid_z, symbol)} | House {result}",
        f"Actual edge {edge_percent} | Slots as configured {slot_edge}",
    ]
    lines += [
        f"{each.title}: {plural(each.rounds, 'round')}, in {thousands(each.staked_z)},"
        f" out {thousands(each.paid_z)}{each.compared}"
        for each in games
    ]
    if heist:
        lines.append(f"Heist is expected to return {heist}")
    lines.append(f"{plural(gamblers, 'gambler')}, {plural(rounds, 'game')}")
    return "\n".join(lines)


# Fair dice


def fair_today(day: str, seed_hash: str) -> str:
    """What is told of a seed before its time."""
    return (
        f"🎲 All draws of {day} follow from one seed. Its SHA-256: {seed_hash}\n"
        f"The seed is told after the day: fair {day}. Check a round then: verify <round>."
    )


def fair_seed(day: str, seed_hash: str, seed: str) -> str:
    """A seed after its day."""
    return f"🎲 Seed of {day}: {seed}\nIts SHA-256, told before: {seed_hash}"


def fair_secret(day: str, seed_hash: str, left_s: int) -> str:
    """Too early for the seed."""
    return (
        f"🎲 The seed of {day} is told when the day is over, in {duration(max(60, left_s))}."
        f" Its SHA-256: {seed_hash}"
    )


def fair_waits(day: str, seed_hash: str) -> str:
    """The day is over, and somebody could still use its seed."""
    return (
        f"🎲 The seed of {day} is told as soon as the rounds that began on that day are over."
        f" Its SHA-256: {seed_hash}"
    )


def fair_unknown(day: str) -> str:
    """No seed, or none that anything is told of."""
    return f"There is no seed of {user_text(day)} to tell. Write the day as in: fair 2026-01-31."


def no_round(number: int) -> str:
    """No round of this channel."""
    return f"There is no round {number} in this channel. Each result names its round."


def verify_later(number: int, title: str, state: Literal["open", "cancelled"]) -> str:
    """A round of which nothing was drawn."""
    if state == "cancelled":
        return f"🎲 {title} {number} was called off: all stakes went back, and nothing was drawn."
    return f"🎲 {title} {number} is not over. It can be verified after its day."


def verified_true(number: int, title: str, day: str, outcome: str, seed: str) -> str:
    """The outcome follows from the seed."""
    shown = clip(user_text(outcome), _OUTCOME_UNITS_MAX)
    return (
        f"✅ {title} {number} of {day} is what its seed says: {shown}\n"
        f"Seed {seed}, draw n is HMAC-SHA256 of '<channel>/{number}:<n>', n from 0."
    )


def verified_false(number: int, title: str, day: str, stored: str, worked_out: str) -> str:
    """The outcome does not follow from the seed."""
    return (
        f"❌ {title} {number} of {day} is NOT what its seed says. Stored:"
        f" {clip(user_text(stored), _OUTCOME_UNITS_MAX)} Worked out:"
        f" {clip(user_text(worked_out), _OUTCOME_UNITS_MAX)} Please tell an operator."
    )


# Limits


def limits_shown(
    rows: Sequence[tuple[str, int | None, int | None, int]],
    raised: Sequence[tuple[str, int | None, str]],
    paused: str,
    symbol: str,
) -> str:
    """What somebody allows themself.

    ``rows``: what it is about, their own limit, the channel's, and what is used of them today;
    ``raised``: what changes, to what, from which day; ``paused`` is until when, or "".
    """
    lines = [
        f"🛡️ {what.capitalize()} a day: {_limit(own_z, symbol)}"
        f"{'' if channel_z is None else f', the channel allows {money(channel_z, symbol)}'}"
        f"; {money(used_z, symbol)} today."
        for what, own_z, channel_z, used_z in rows
    ]
    lines += [f"From {day} on, {what}: {_limit(next_z, symbol)}." for what, next_z, day in raised]
    if paused:
        lines.append(f"You pause from all games until {paused}. That can't be undone.")
    lines.append("Change it: limit 500, limit losses 300, limit off, limit pause 7d.")
    return "\n".join(lines)


def _limit(limit_z: int | None, symbol: str) -> str:
    return "no limit of your own" if limit_z is None else money(limit_z, symbol)


def pause_begun(until: str) -> str:
    """No more games, on their own wish."""
    return f"🛡️ You pause from all games until {until}. That can't be undone. Take care!"


def pause_unclear() -> str:
    """How long a pause may be."""
    return "Write how long, from 1h to 365d, as in: limit pause 7d."
