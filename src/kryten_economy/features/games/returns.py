"""What games have paid against what they were expected to, and who has played how often.

Expected return and variance are kept with every settled stake by the terms it was made under, so
a changed payout table falsifies nothing. Where enough was played, the observed return lies within
3.29 standard deviations of the expected one with a probability of 99.9 %.
"""

from typing import NamedTuple

from kryten_economy.features.games.stakes import Stats
from kryten_economy.ledger.channels import Reader
from kryten_economy.users import UserKey

__all__ = (
    "DEVIATIONS",
    "ROUNDS_MIN",
    "GameReturn",
    "House",
    "Played",
    "all_games",
    "games_of",
    "house_of",
    "returns",
)

DEVIATIONS = 3.2905
"""Standard deviations to both sides that hold 99.9 % of a normal distribution."""

ROUNDS_MIN = 1000
"""Below so many rounds a jackpot or none decides, and nothing is said of the interval."""


class GameReturn(NamedTuple):
    """What a game has taken and paid, and what it was expected to pay, in Z."""

    game: str
    rounds: int
    staked_z: int
    paid_z: int
    expected_z: float
    variance_z2: float

    @property
    def observed(self) -> float:
        """The part of all stakes that came back."""
        return self.paid_z / self.staked_z

    @property
    def expected(self) -> float:
        """The part of all stakes that should have come back on average."""
        return self.expected_z / self.staked_z

    @property
    def margin(self) -> float | None:
        """How far the two may be apart by chance; None as long as too little was played."""
        if self.rounds < ROUNDS_MIN:
            return None
        return DEVIATIONS * float(self.variance_z2**0.5) / self.staked_z

    @property
    def is_outside(self) -> bool:
        """Whether chance alone hardly explains what was paid."""
        margin = self.margin
        return margin is not None and abs(self.observed - self.expected) > margin


class Played(NamedTuple):
    """All settled rounds of one game in a channel."""

    game: str
    rounds: int
    staked_z: int
    paid_z: int


class House(NamedTuple):
    """What all games of a channel have taken and paid, by whom and how often they were played."""

    staked_z: int
    paid_z: int
    gamblers: int
    games: int

    @property
    def result_z(self) -> int:
        """What the house has won, or lost where it is below 0."""
        return self.staked_z - self.paid_z

    @property
    def edge_percent(self) -> float:
        """The part of all stakes that the house kept; 0 if nothing was staked."""
        return 100 * self.result_z / self.staked_z if self.staked_z else 0.0


_CHANNEL = "(SELECT id FROM channel WHERE name = ?1)"
_RETURNS = f"""
    SELECT game, sum(rounds), sum(staked_z), sum(paid_z), sum(expected_z), sum(variance_z2)
    FROM game_return WHERE channel_id = {_CHANNEL}
    GROUP BY game HAVING sum(staked_z) > 0 ORDER BY game
"""  # noqa: S608 - put together from constants
_PLAYED = f"""
    SELECT s.game, sum(s.rounds), sum(s.staked_z), sum(s.paid_z)
    FROM game_stats AS s JOIN account AS a ON a.id = s.account_id
    WHERE a.channel_id = {_CHANNEL} GROUP BY s.game ORDER BY s.game
"""  # noqa: S608 - put together from constants
_HOUSE = f"""
    SELECT
        (SELECT coalesce(sum(lifetime_gambled_in_z), 0) FROM account
            WHERE channel_id = {_CHANNEL} AND kind = 'wallet'),
        (SELECT coalesce(sum(lifetime_gambled_out_z), 0) FROM account
            WHERE channel_id = {_CHANNEL} AND kind = 'wallet'),
        count(DISTINCT s.account_id), coalesce(sum(s.rounds), 0)
    FROM game_stats AS s JOIN account AS a ON a.id = s.account_id
    WHERE a.channel_id = {_CHANNEL} AND s.rounds > 0
"""  # noqa: S608 - put together from constants
_STATS = f"""
    SELECT s.game, {", ".join(f"s.{each}" for each in Stats._fields)}
    FROM game_stats AS s JOIN account AS a ON a.id = s.account_id
    WHERE a.channel_id = {_CHANNEL} AND a.kind = 'wallet' AND a.name = ?2 AND s.rounds > 0
    ORDER BY s.game
"""  # noqa: S608 - put together from constants


def returns(reader: Reader, channel: str) -> list[GameReturn]:
    """Of each game against the house that was played for stakes."""
    return [GameReturn._make(row) for row in reader.sql.rows(_RETURNS, channel)]


def all_games(reader: Reader, channel: str) -> list[Played]:
    """Of each game that was ever played, free spins included."""
    return [Played._make(row) for row in reader.sql.rows(_PLAYED, channel)]


def house_of(reader: Reader, channel: str) -> House:
    """The sum of all games."""
    return House._make(reader.sql.only(_HOUSE, channel))


def games_of(reader: Reader, user: UserKey) -> dict[str, Stats]:
    """A player's settled rounds by game; empty if they have never played."""
    return {game: Stats(*rest) for game, *rest in reader.sql.rows(_STATS, user.channel, user.name)}
