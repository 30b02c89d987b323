"""Games of one move, what every game returns, and how it has turned out so far.

A spin or a flip is one act on the books: stake, draw and payout are committed before a word is
said. What others hear of a win is up to the floor of the channel.
"""

from operator import attrgetter
from typing import Literal

from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Done, PmAnswer, Refused
from economy_actors.handlers.registry import ApiCall, PmCall, command, request
from economy_actors.messages.tables import GameWon
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings
from kryten_economy.config.notices import heist_return
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.games import texts
from kryten_economy.features.games.flip import Flip, Flipped
from kryten_economy.features.games.flip import terms_of as flip_terms
from kryten_economy.features.games.returns import (
    GameReturn,
    House,
    Played,
    all_games,
    games_of,
    house_of,
    returns,
)
from kryten_economy.features.games.rules import GAMES, in_words, percent, title_of
from kryten_economy.features.games.slots import FreeSpin, Spin, Spun, table_of
from kryten_economy.features.games.slots import terms_of as spin_terms
from kryten_economy.refusals import DailyLimit

__all__ = ("gambling_data", "odds_rows")

_CREWS = range(3, 7)


def _any_game(settings: Settings) -> bool:
    return settings.gambling.enabled


def _spins(settings: Settings) -> bool:
    return settings.gambling.enabled and settings.gambling.spin.enabled


def _flips(settings: Settings) -> bool:
    return settings.gambling.enabled and settings.gambling.flip.enabled


@command(
    "spin",
    syntax="spin [wager]",
    summary="the slot machine; alone, the free spin of the day",
    section=Section.GAMBLING,
    enabled=_spins,
)
async def spin(call: PmCall) -> PmAnswer:
    """One pull, for a stake or for nothing."""
    if not call.args:
        return await _free_spin(call)
    stake_z = kit.only_stake(call)
    if isinstance(stake_z, Refused):
        return stake_z
    settings = call.settings
    answer = await call.begin(
        Spin(
            op_id=call.op_id,
            user=call.user,
            stake_z=stake_z,
            table=table_of(settings.gambling.spin.payouts),
            terms=spin_terms(settings),
            fresh_seed=call.context.fresh_seed(),
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if not isinstance(answer, Spun):
        return kit.stake_refused(call, answer)
    return _told_spin(call, answer, stake_z, "spin")


async def _free_spin(call: PmCall) -> PmAnswer:
    games = call.settings.gambling
    if not games.daily_free_spin.enabled:
        return call.usage()
    answer = await call.begin(
        FreeSpin(
            op_id=call.op_id,
            user=call.user,
            worth_z=games.daily_free_spin.equivalent_wager,
            table=table_of(games.spin.payouts),
            min_age_ms=games.min_account_age_minutes * 60_000,
            fresh_seed=call.context.fresh_seed(),
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if isinstance(answer, Spun):
        return _told_spin(call, answer, 0, "free_spin")
    refused = call.refused(answer)
    if isinstance(answer, DailyLimit) and isinstance(refused, Refused):
        return Refused(refused.code, texts.free_spin_used(spins=True))
    return refused


def _told_spin(
    call: PmCall, spun: Spun, stake_z: int, what: Literal["spin", "free_spin"]
) -> PmAnswer:
    if not spun.replayed:
        _tell_win(call, what, spun.payout_z, stake_z)
    balance_z = spun.wallet.balance_z
    return texts.spun(spun.symbols, stake_z, spun.payout_z, balance_z, spun.number, call.symbol)


@command(
    "flip",
    syntax="flip <wager>",
    summary="twice your stake, or nothing",
    section=Section.GAMBLING,
    enabled=_flips,
)
async def flip(call: PmCall) -> PmAnswer:
    """One coin."""
    stake_z = kit.only_stake(call)
    if isinstance(stake_z, Refused):
        return stake_z
    settings = call.settings
    answer = await call.begin(
        Flip(
            op_id=call.op_id,
            user=call.user,
            stake_z=stake_z,
            chance=str(settings.gambling.flip.win_chance),
            terms=flip_terms(settings),
            fresh_seed=call.context.fresh_seed(),
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if not isinstance(answer, Flipped):
        return kit.stake_refused(call, answer)
    if not answer.replayed:
        _tell_win(call, "flip", answer.payout_z, stake_z)
    balance_z = answer.wallet.balance_z
    return texts.flipped(
        stake_z, answer.payout_z, balance_z, answer.number, call.symbol, won=answer.won
    )


def _tell_win(
    call: PmCall, what: Literal["spin", "flip", "free_spin"], payout_z: int, stake_z: int
) -> None:
    if payout_z > stake_z:
        won = GameWon(what, call.user, call.wallet.display_name, payout_z, stake_z)
        call.context.floors[call.channel].offer(won, trace=call.trace)


@command(
    "gambling",
    summary="your games, and what they came to",
    section=Section.GAMBLING,
    aliases=("stats",),
    enabled=_any_game,
    reads=True,
)
async def gambling(call: PmCall) -> PmAnswer:
    """How often one has played what, the biggest win and loss, and the sum."""
    user = call.user
    played = await call.read(lambda reports: games_of(reports, user))
    if not played:
        games = call.settings.gambling
        return texts.never_played(free_spin=games.spin.enabled and games.daily_free_spin.enabled)
    counts = [
        (game.counted, played[name].rounds if name in played else 0)
        for name, game in GAMES.items()
        if name in played or game.enabled(call.settings)
    ]
    return texts.games_played(
        counts,
        max(each.biggest_win_z for each in played.values()),
        max(each.biggest_loss_z for each in played.values()),
        sum(each.paid_z - each.staked_z for each in played.values()),
        call.symbol,
    )


# What games return


@command(
    "odds",
    summary="what each game returns on average",
    section=Section.GAMBLING,
    enabled=_any_game,
    reads=True,
)
async def odds(call: PmCall) -> PmAnswer:
    """The exact return of every game that is played here."""
    return texts.odds(odds_rows(call.settings))


def odds_rows(settings: Settings) -> list[texts.OddsRow]:
    """Every way to play what is played here, by the titles of the games."""
    return [
        texts.OddsRow(game.title, edge.label, in_words(edge))
        for game in sorted(GAMES.values(), key=attrgetter("title"))
        if game.enabled(settings)
        for edge in game.edges(settings)
    ]


@request("games.odds")
async def games_odds(call: ApiCall) -> ApiAnswer:
    """What every game takes, pays and returns on the long run."""
    settings = call.settings
    games = [
        {
            "game": game.name,
            "title": game.title,
            "enabled": settings.gambling.enabled and game.enabled(settings),
            "ways": [
                {
                    "label": edge.label,
                    "return": float(edge.expected),
                    "exact": str(edge.expected),
                    "error": float(edge.error),
                }
                for edge in game.edges(settings)
            ],
        }
        for game in GAMES.values()
    ]
    return Done({"channel": call.channel, "games": games})


@request("gambling.stats", scope=Scope.OPERATE)
async def gambling_stats(call: ApiCall) -> ApiAnswer:
    """What all games have taken and paid, and whether chance explains it."""
    channel = call.channel
    house, played, found = await call.read(
        lambda reports: (
            house_of(reports, channel),
            all_games(reports, channel),
            returns(reports, channel),
        )
    )
    return Done(gambling_data(house, played, found))


def gambling_data(house: House, played: list[Played], found: list[GameReturn]) -> dict[str, object]:
    """The same for others who tell it."""
    return {
        "total_in": house.staked_z,
        "total_out": house.paid_z,
        "active_gamblers": house.gamblers,
        "total_games": house.games,
        "house_result": house.result_z,
        "edge_percent": round(house.edge_percent, 4),
        "games": [
            {
                "game": each.game,
                "rounds": each.rounds,
                "total_in": each.staked_z,
                "total_out": each.paid_z,
            }
            for each in played
        ],
        "confidence": 0.999,
        "returns": [_as_json(each) for each in found],
    }


def _as_json(each: GameReturn) -> dict[str, object]:
    margin = each.margin
    return {
        "game": each.game,
        "rounds": each.rounds,
        "staked": each.staked_z,
        "paid": each.paid_z,
        "observed": round(each.observed, 6),
        "expected": round(each.expected, 6),
        "margin": None if margin is None else round(margin, 6),
        "outside": each.is_outside,
    }


@command(
    "econ:gambling",
    summary="what the games have taken and paid",
    section=Section.ADMIN,
    reads=True,
)
async def econ_gambling(call: PmCall) -> PmAnswer:
    """The house's result, and of each game whether chance explains it."""
    channel = call.channel
    house, played, found = await call.read(
        lambda reports: (
            house_of(reports, channel),
            all_games(reports, channel),
            returns(reports, channel),
        )
    )
    return _report(call, house, played, {each.game: each for each in found})


def _report(call: PmCall, house: House, played: list[Played], found: dict[str, GameReturn]) -> str:
    settings = call.settings
    [slots] = GAMES["spin"].edges(settings)
    heist = ""
    if "heist" in GAMES:
        sizes = ((crew, heist_return(settings.gambling.heist, crew)) for crew in _CREWS)
        heist = ", ".join(f"{percent(part)} (crew of {crew})" for crew, part in sizes)
    rows = [
        texts.ReturnRow(
            title_of(each.game),
            each.rounds,
            each.staked_z,
            each.paid_z,
            _compared(found.get(each.game)),
        )
        for each in played
    ]
    return texts.house_report(
        house.staked_z,
        house.paid_z,
        f"{house.edge_percent:.2f} %",
        percent(1 - slots.expected),
        rows,
        heist,
        house.gamblers,
        house.games,
        call.symbol,
    )


def _compared(found: GameReturn | None) -> str:
    """Observed against expected return, and whether chance explains the difference."""
    if found is None:
        return ""
    observed, expected = f"{found.observed:.2%}", f"{found.expected:.2%}"
    if found.margin is None:
        return f", returned {observed}, expected {expected} (too few rounds to compare)"
    verdict = " - OUTSIDE, LOOK AT IT" if found.is_outside else ""
    return f", returned {observed}, expected {expected} ± {found.margin:.2%}{verdict}"
