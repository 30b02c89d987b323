"""Predictions, raffles and auctions of one minute, for tests of the books."""

import json
from typing import Any

from tests.unit.ledger.acts import CHANNEL, DAY, NOW, SETTINGS, op

from kryten_economy.features.games import auction, prediction, raffle
from kryten_economy.features.games.rules import Terms
from kryten_economy.features.games.tables import OpenRound

__all__ = ("ASKED", "ENDS_MS", "LOTS", "SALE", "SEED", "asked", "lots", "opened", "sale")

SEED = "5eed" * 16
ENDS_MS = NOW + 60_000


def asked(**changes: Any) -> str:
    """Will it rain? Yes, no, or snow."""
    question = prediction.Question("Rain?", ("yes", "no", "snow"))
    return json.dumps(prediction.round_terms(SETTINGS, question, 60, "Boss") | changes)


def lots(**changes: Any) -> str:
    """Tickets of 10 Z, at most 5 each, and a prize of 7 Z."""
    return json.dumps(
        raffle.round_terms(SETTINGS, 60, 10, 7, "Boss") | {"tickets_max": 5} | changes
    )


def sale(**changes: Any) -> str:
    """A lamp from 10 Z, which Eve sells; each bid is 5 Z more at least."""
    terms = auction.round_terms(SETTINGS, "A lamp", 60, 10, "Eve", "Eve")
    return json.dumps(terms | {"step_z": 5, "extend_s": 10, "extend_max_s": 25} | changes)


ASKED, LOTS, SALE = asked(), lots(), sale()


def opened(game: str, terms: str) -> OpenRound:
    """The act that opens such a round."""
    return OpenRound(op(), CHANNEL, game, terms, Terms(game, 0, 0), SEED, NOW, DAY)
