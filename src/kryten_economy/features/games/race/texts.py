"""What is said of a race: in the channel, to those who bet, and beside its picture on the web."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kryten_economy.config.race import Commentary
from kryten_economy.dice import Chance
from kryten_economy.features.games.race.rules import FIXED, Course, Runner
from kryten_economy.features.games.race.timeline import Moment
from kryten_economy.features.narration import Wanted
from kryten_economy.text.markup import clip, name_shown, user_text
from kryten_economy.text.templates import (
    ByPm,
    money,
    percent,
    plural,
    render_tolerant,
    signed_money,
)

__all__ = (
    "PROMPT",
    "WANTED",
    "Bet",
    "Outcome",
    "Pools",
    "bet_line",
    "bet_reply",
    "betting_closed",
    "commentary",
    "headline",
    "late_bets_refused",
    "no_race",
    "nobody_bet",
    "odds",
    "opening",
    "pools_of",
    "result",
    "standings",
    "start_line",
    "started",
    "stats",
    "summary",
    "unknown_color",
)

_BUILT_IN: dict[str, tuple[str, ...]] = {
    "start": (
        "The lights go out and they are off!",
        "Engines roar, toy wheels spin: here they go!",
        "The flag drops, and the whole field jumps off the line!",
        "And they're away, amid a cloud of toy dust!",
    ),
    "lead_change": (
        "{emoji} {driver} takes the lead!",
        "{emoji} {driver} slips past and is in front!",
        "Look at that: {emoji} {driver} leads the field!",
        "{emoji} {driver} finds a gap and shoots into first place!",
        "New leader: {emoji} {driver}!",
    ),
    "event": (
        "{emoji} {driver} waves to the grandstand.",
        "A loose hubcap! It wasn't {emoji} {driver}'s, was it?",
        "{emoji} {driver} squeaks round the bend on two wheels.",
        "{emoji} {driver} honks. Nobody knows why.",
    ),
    "close": (
        "It's neck and neck at the last straight!",
        "You could lay a biscuit over the first two!",
        "Nobody dares to blink: this is a close one!",
    ),
    "clear": (
        "The last straight, and {emoji} {driver} is in front!",
        "{emoji} {driver} sees the chequered flag!",
    ),
    "finish": (
        "{emoji} {racer} wins! {driver} takes the chequered flag!",
        "It's {emoji} {racer}! {driver} crosses the line first!",
        "Victory for {emoji} {racer}, and a lap of honour for {driver}!",
        "{emoji} {racer} it is, with {driver} at the wheel!",
    ),
}
_NAMES_OF_COLOR = ("racer", "color", "colour", "car", "runner", "horse", "winner", "leader")
_NAMES_OF_DRIVER = ("driver", "name", "racer_name")
_NAMES_OF_EMOJI = ("emoji", "icon")
_PLACEHOLDER = re.compile(r"\{\s*(\w+)\s*\}")

PROMPT = (
    "Write new lines for the commentary of one race: its start, a change of the lead, something"
    " odd that happens to a car, and the finish, which names the winner as {racer}. Answer with"
    " the JSON object only."
)
"""What a text model is asked; it holds no word of any user."""

WANTED = (
    Wanted("start", 200, required=False),
    Wanted("lead_change", 200),
    Wanted("event", 200, required=False),
    Wanted("finish", 200),
)
_TOLD_UNITS_MAX = 230
_ONCE = frozenset({"start", "finish"})

Pools = Mapping[str, tuple[str, ...]]
"""Templates by what they tell of."""


def pools_of(commentary: Commentary, written: Mapping[str, str] | None = None) -> Pools:
    """The built-in lines and those of the configuration; in ``written`` those of a model.

    What a model has written for what happens once is told; the others it shares with the rest.
    """
    own = {
        "start": commentary.custom_start_lines,
        "finish": commentary.custom_finish_lines,
        "event": commentary.custom_event_lines,
    }
    pools = {kind: (*lines, *own.get(kind, ())) for kind, lines in _BUILT_IN.items()}
    for kind, line in (written or {}).items():
        pools[kind] = (line,) if kind in _ONCE else (*pools[kind], *[line] * len(pools[kind]))
    return pools


def _told(template: str, runner: Runner) -> str:
    """A template about a racer; what it asks for beyond that is left out (P-TXT-1)."""
    values = {
        **dict.fromkeys(_NAMES_OF_COLOR, runner.color),
        **dict.fromkeys(_NAMES_OF_DRIVER, runner.name or runner.color),
        **dict.fromkeys(_NAMES_OF_EMOJI, runner.emoji),
    }
    known = _PLACEHOLDER.sub(lambda found: f"{{{found.group(1).lower()}}}", template)
    return clip(user_text(render_tolerant(known, values, "") or ""), _TOLD_UNITS_MAX)


def _one_of(pools: Pools, kind: str, runner: Runner, dice: Chance) -> str:
    """One of the lines, told; a broken one gives way to a built-in one."""
    return _told(dice.pick(pools[kind]), runner) or _told(_BUILT_IN[kind][0], runner)


def start_line(course: Course, pools: Pools, dice: Chance) -> str:
    """The race begins; it names a racer only where the line asks for one."""
    return f"🏁 {_one_of(pools, 'start', dice.pick(course.runners), dice)}"


def headline(winner: Runner, pools: Pools, dice: Chance) -> str:
    """Who has won; the colour is always named (P-TXT-3)."""
    line = _one_of(pools, "finish", winner, dice)
    named = re.search(rf"(?<!\w){re.escape(winner.color)}(?!\w)", line, re.IGNORECASE)
    return f"🏁 {line if named else f'{winner.shown} wins the race!'}"


def commentary(
    course: Course,
    told: Sequence[Moment],
    pools: Pools,
    finish: str,
    duration_s: float,
    dice: Chance,
) -> list[dict[str, object]]:
    """What the web says and when; ``finish`` is the headline, which calls the winner."""
    lines: list[dict[str, object]] = [
        {"t": each.at_s, "text": _one_of(pools, each.kind, course.runners[each.place], dice)}
        for each in told
    ]
    return [*lines, {"t": duration_s, "text": finish}]


# In the channel


class Bet(NamedTuple):
    """Somebody's bet, under their display name."""

    name: str
    color: str
    bet_z: int


class Outcome(NamedTuple):
    """What a bet has brought."""

    name: str
    color: str
    bet_z: int
    payout_z: int

    @property
    def net_z(self) -> int:
        """What was won, or lost where it is below 0."""
        return self.payout_z - self.bet_z


def opening(course: Course, seconds: int, symbol: str) -> list[str]:
    """The two lines that open a race."""
    field = " · ".join(f"{each.shown} {each.odds}" for each in course.runners)
    least = money(course.lowest_z, symbol)
    return [
        f"🏁 Race! Bets are open for {seconds} s: {field}",
        f"🎟️ Say or PM '!race <amount> <colour>' to bet, at least {least}.",
    ]


def bet_line(bet: Bet, course: Course, symbol: str) -> str:
    """A bet that was made in public."""
    return f"🎟️ {name_shown(bet.name)} bets {money(bet.bet_z, symbol)} on {_shown(course, bet)}."


def nobody_bet() -> str:
    """A race that does not take place."""
    return "🏁 Nobody has bet on the race, so the cars stay in the box."


def summary(outcomes: Sequence[Outcome], symbol: str) -> str:
    """The line below the headline."""
    pool = money(sum(each.bet_z for each in outcomes), symbol)
    bettors = plural(len(outcomes), "bettor")
    won = sorted((each for each in outcomes if each.payout_z), key=lambda each: -each.net_z)
    if not won:
        return f"💸 Nobody backed the winner: the house keeps {pool} of {bettors}."
    best = ", ".join(f"{name_shown(e.name)} {signed_money(e.net_z, symbol)}" for e in won[:3])
    return f"💰 {best}. Pool: {pool} of {bettors}."


# To those who bet


def started(course: Course, seconds: int, symbol: str) -> str:
    """The reply to who has started a race."""
    first, _ = opening(course, seconds, symbol)
    least = money(course.lowest_z, symbol)
    return ByPm(
        f"{first}\n",
        "PM 'race <amount> <colour>' to bet, at least",
        f" {least}.",
        for_page="A bet is at least",
    )


def bet_reply(bet: Bet, course: Course, pool_z: int, balance_z: int, symbol: str) -> str:
    """The reply to a bet."""
    runner = course.runner(bet.color)
    odds_ = f" at {runner.odds}" if runner is not None and course.mode == FIXED else ""
    return (
        f"🎟️ You bet {money(bet.bet_z, symbol)} on {_shown(course, bet)}{odds_}."
        f" Pool: {money(pool_z, symbol)}. Balance: {money(balance_z, symbol)}."
    )


def result(
    course: Course, winner: Runner, outcome: Outcome, balance_z: int, number: int, symbol: str
) -> str:
    """What a race has brought one of those who bet: their own net (P-GAM-23)."""
    own = next(each for each in course.runners if each.color == outcome.color)
    staked, net = money(outcome.bet_z, symbol), signed_money(outcome.net_z, symbol)
    got = (
        f"your {staked} bring {money(outcome.payout_z, symbol)}"
        if outcome.payout_z
        else f"your {staked} on {own.shown} are lost"
    )
    return (
        f"🏁 {winner.shown} won the race: {got} (net {net})."
        f" Balance: {money(balance_z, symbol)}. (Round {number})"
    )


def no_race() -> str:
    """There is nothing to bet on."""
    return ByPm("There is no race at the moment.", " PM 'race' to start one.")


def unknown_color(typed: str, course: Course) -> str:
    """No racer is called so."""
    known = ", ".join(each.shown for each in course.runners)
    return f"'{user_text(typed)[:40]}' does not run. Choose one of: {known}."


def betting_closed() -> str:
    """Too late."""
    return "Betting on this race is closed."


def late_bets_refused(course: Course) -> str:
    """The race is on, and it takes no bets while it is."""
    if course.mode == FIXED:
        return "Betting is closed: at fixed odds no bets are taken during the race."
    return betting_closed() if course.live else "Betting is closed: none is taken during the race."


def odds(course: Course, bets: Sequence[Bet], seconds: int, symbol: str) -> str:
    """What the racers pay and how much is on each, while bets are open."""
    pool_z = sum(each.bet_z for each in bets)
    lines = [f"🏁 Bets close in {seconds} s. Pool: {money(pool_z, symbol)} of {_count(bets)}."]
    for runner in course.runners:
        on_z = sum(each.bet_z for each in bets if each.color == runner.color)
        share = f", {percent(on_z, pool_z)} of the pool" if on_z else ""
        lines.append(f"{runner.shown}{_driver(runner)} {runner.odds}{share}")
    return "\n".join(lines)


def standings(
    course: Course, way: Sequence[float], bets: Sequence[Bet], symbol: str, *, takes_bets: bool
) -> str:
    """Where the racers are."""
    order = sorted(zip(course.runners, way, strict=True), key=lambda each: -each[1])
    pool = money(sum(each.bet_z for each in bets), symbol)
    taken = "Bets are still open" if takes_bets else "Bets are closed"
    lines = [f"🏁 The race is on. {taken}. Pool: {pool} of {_count(bets)}."]
    lines += [
        f"{place}. {runner.shown}{_driver(runner)} {pct:.0f} %"
        for place, (runner, pct) in enumerate(order, start=1)
    ]
    return "\n".join(lines)


def stats(bets: int, staked_z: int, won_z: int, biggest_z: int, symbol: str) -> str:
    """All races of one user."""
    if not bets:
        return "No race that you have bet on is over yet. PM 'race' to start one."
    return (
        f"🏁 Your races: {plural(bets, 'bet')}, {money(staked_z, symbol)} wagered,"
        f" {money(won_z, symbol)} won, biggest payout {money(biggest_z, symbol)}."
    )


def _shown(course: Course, bet: Bet) -> str:
    return next(each.shown for each in course.runners if each.color == bet.color)


def _driver(runner: Runner) -> str:
    parts = ", ".join(filter(None, (runner.name, runner.trait)))
    return f" ({parts})" if parts else ""


def _count(bets: Sequence[Bet]) -> str:
    return plural(len(bets), "bettor")
