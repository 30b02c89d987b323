"""Statistics of games.

The old service counted rounds per game, but stakes and payouts only of some. What is left of
the sums of an account stands with the game that it has played most, so that its sum, its biggest
win and its biggest loss are what they were.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from kryten_economy.ledger.statements import Value
from kryten_economy.migration.people import Person
from kryten_economy.migration.values import counted, whole
from kryten_economy.migration.work import Work

__all__ = ("copy_games",)

_ROUNDS: Final = {
    "total_spins": "spin",
    "total_flips": "flip",
    "total_challenges": "challenge",
    "total_heists": "heist",
    "total_races": "race",
    "total_trivias": "trivia",
    "total_blackjacks": "blackjack",
}
_PUT = """
    INSERT INTO game_stats (
        account_id, game, rounds, won, lost, staked_z, paid_z, biggest_win_z, biggest_loss_z,
        streak, best_streak, naturals
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(slots=True)
class _Game:
    rounds: int = 0
    won: int = 0
    lost: int = 0
    staked_z: int = 0
    paid_z: int = 0
    biggest_win_z: int = 0
    biggest_loss_z: int = 0
    streak: int = 0
    best_streak: int = 0
    naturals: int = 0


@dataclass(slots=True)
class _Player:
    person: Person
    games: defaultdict[str, _Game] = field(default_factory=lambda: defaultdict(_Game))
    net_z: int | None = None
    """What all games came to; None where no row says so."""
    biggest_loss_z: int = 0


def copy_games(work: Work) -> None:
    """Of everybody who has played."""
    players: dict[int, _Player] = {}

    def player(person: Person) -> _Player:
        return players.setdefault(person.id, _Player(person))

    columns = (*_ROUNDS, "biggest_win", "biggest_loss", "net_gambling")
    for person, cells in work.rows("gambling_stats", columns):
        _add_rounds(player(person), cells)
    _read_trivia(work, players)
    _read_hands(work, players)
    for person, (amount, payout) in work.rows("race_bets", ("amount", "payout")):
        race = player(person).games["race"]
        race.staked_z += counted(amount)
        race.paid_z += counted(payout)
    for each in players.values():
        _settle(each)
    work.report.written["game statistics"] = work.target.many(_PUT, _rows(players.values()))


def _add_rounds(player: _Player, cells: Sequence[object]) -> None:
    *rounds, won, lost, net = cells
    for game, cell in zip(_ROUNDS.values(), rounds, strict=True):
        if counted(cell):
            player.games[game].rounds += counted(cell)
    player.person.biggest_win_z = max(player.person.biggest_win_z, counted(won))
    player.biggest_loss_z = max(player.biggest_loss_z, abs(whole(lost) or 0))
    player.net_z = (player.net_z or 0) + (whole(net) or 0)


def _read_trivia(work: Work, players: dict[int, _Player]) -> None:
    columns = ("correct", "incorrect", "streak", "best_streak", "total_wagered", "total_won")
    for person, cells in work.rows("trivia_stats", columns):
        correct, incorrect, streak, best, staked_z, paid_z = map(counted, cells)
        game = players.setdefault(person.id, _Player(person)).games["trivia"]
        game.won += correct
        game.lost += incorrect
        game.streak = max(game.streak, streak)
        game.best_streak = max(game.best_streak, best)
        game.staked_z += staked_z
        game.paid_z += paid_z
        game.rounds = max(game.rounds, game.won + game.lost)


def _read_hands(work: Work, players: dict[int, _Player]) -> None:
    columns = ("games_played", "wins", "losses", "blackjacks", "total_wagered", "total_won")
    for person, cells in work.rows("blackjack_stats", columns):
        played, wins, losses, naturals, staked_z, paid_z = map(counted, cells)
        game = players.setdefault(person.id, _Player(person)).games["blackjack"]
        game.won += wins
        game.lost += losses
        game.naturals += naturals
        game.staked_z += staked_z
        game.paid_z += paid_z
        game.rounds = max(game.rounds, played)


def _settle(player: _Player) -> None:
    """Put what is left of the account's sums where most was played."""
    person, games = player.person, player.games
    for game in [name for name, each in games.items() if not each.rounds]:
        games[game].rounds = 1  # a bet is a round, even where nobody has counted it
    if not games:
        return
    most = max(games, key=lambda name: (_is_open(name), games[name].rounds))
    rest = games[most]
    rest.biggest_win_z, rest.biggest_loss_z = person.biggest_win_z, player.biggest_loss_z
    if player.net_z is None:
        return
    known_z = sum(each.staked_z for each in games.values())
    known_net_z = sum(each.paid_z - each.staked_z for each in games.values())
    rest_z = max(0, person.lifetime_gambled_in_z - known_z)
    rest.staked_z += rest_z
    rest.paid_z += rest_z + player.net_z - known_net_z
    if rest.paid_z < 0:
        rest.staked_z -= rest.paid_z
        rest.paid_z = 0


def _is_open(game: str) -> bool:
    """Whether nobody has kept what was staked in a game."""
    return game in {"spin", "flip", "challenge", "heist"}


def _rows(players: Iterable[_Player]) -> Iterator[tuple[Value, ...]]:
    for player in players:
        for game, each in player.games.items():
            yield (
                player.person.id,
                game,
                each.rounds,
                each.won,
                each.lost,
                each.staked_z,
                each.paid_z,
                each.biggest_win_z,
                each.biggest_loss_z,
                each.streak,
                each.best_streak,
                each.naturals,
            )
