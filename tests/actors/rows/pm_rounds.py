"""Rounds of several players by private message."""

from tests.actors.rows.walk import Row, Wait, done, first, refused, written_wrongly

__all__ = ("ROWS",)

_MEMBERS = "Only admins and members from the rank Grip on"

ROWS = (
    Row(
        "heist",
        done("Alice: heist 50", "You stake 50 Z on a heist", alice=-50),
        done("Bob: heist join", "in a crew of 2", bob=-50),
        refused("Alice: heist 50", "is on at the moment"),
        refused("Cy: heist 5001", "the maximum is 5,000 Z"),
        written_wrongly("Cy: heist quietly", "'quietly' is not an amount"),
        Wait(400),
    ),
    Row(
        "trivia",
        done("Alice: trivia 50", "You bet 50 Z on a question", alice=-50),
        refused("Alice: trivia 50", "You are in already"),
        written_wrongly("Bob: trivia much", "'much' is not an amount"),
        Wait(120),
    ),
    Row(
        "race",
        first("Alice: race"),
        done("Alice: race 50 blue", "You bet 50 Z on", alice=-50),
        refused("Alice: race 50 blue", "You are in already"),
        written_wrongly("Bob: race 50 beige", "'beige' does not run"),
        written_wrongly("Bob: race much blue", "'much' is not an amount"),
        Wait(120),
    ),
    Row(
        "raffle",
        done("Boss: raffle open 5 10", "Raffle . is open for 5m"),
        done("Alice: raffle 2", "You have 2 tickets for 20 Z", alice=-20),
        refused("Alice: raffle 49", "At most 50 tickets each"),
        refused("Alice: raffle open 5 10", _MEMBERS),
        written_wrongly("Alice: raffle 0", "it must be at least 1"),
        written_wrongly("Boss: raffle open 5", "Usage: raffle"),
        done("Boss: raffle cancel", "1 user had their money back", alice=20),
        refused("Alice: raffle 1", "No raffle is open"),
    ),
    Row(
        "predict",
        done('Boss: predict open 5 "Rain?" yes | no', "Prediction . is open for 5m"),
        done("Alice: predict 50 yes", "You have 50 Z on 'yes'", alice=-50),
        refused("Alice: predict 5001 yes", "the maximum is 5,000 Z"),
        refused("Alice: predict lock", "Only whoever has opened"),
        written_wrongly("Bob: predict 50 maybe", "Which outcome"),
        written_wrongly('Boss: predict open 5 "Rain?" yes', "Usage: predict"),
        done("Boss: predict lock", "Bets are closed"),
        done("Boss: predict settle yes", "Settled: 'yes'", alice=50),
        refused("Boss: predict void", "No prediction is open"),
    ),
    Row(
        "auction",
        done('Boss: auction open 5 10 "Hat"', "Auction . is open for 5m"),
        refused('Alice: auction open 5 10 "Hat"', _MEMBERS),
        written_wrongly("Boss: auction open x", "Usage: auction"),
        done("Boss: auction cancel", "called off"),
        refused("Boss: auction cancel", "No auction is open"),
    ),
    Row(
        "bid",
        refused("Alice: bid 50", "No auction is open"),
        first('Boss: auction open 5 10 "Hat"'),
        done("Alice: bid 50", "Yours is the highest bid", alice=-50),
        done("Bob: bid 60", "Yours is the highest bid", alice=50, bob=-60),
        refused("Cy: bid 60", "the minimum is 70 Z"),
        refused("Cy: bid 10001", "10,000 Z"),
        written_wrongly("Cy: bid high", "'high' is not an amount"),
    ),
)
