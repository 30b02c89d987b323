"""Games of one player or two by private message, and what is told about chance."""

from tests.actors.rows.walk import Row, Wait, done, first, refused, written_wrongly

__all__ = ("ROWS",)

_SUSPENDED = "access to the economy is suspended"
_NO_HAND = "You have no blackjack hand"

ROWS = (
    Row(
        "spin",
        done("Alice: spin 10", r"Your 10 Z bring 30 Z \(\+20 Z\)", alice=20),
        refused("Alice: spin 501", "the maximum is 500 Z"),
        written_wrongly("Alice: spin round", "'round' is not an amount"),
    ),
    Row(
        "flip",
        done("Alice: flip 10", r"Your 10 Z bring 20 Z \(\+10 Z\)", alice=10),
        refused("Alice: flip 9", "the minimum is 10 Z"),
        refused("Mallory: flip 10", _SUSPENDED),
        written_wrongly("Alice: flip", "Usage: flip <wager>"),
    ),
    Row(
        "gambling",
        done("Alice: gambling", "spins 1.*flips 1"),
        refused("Mallory: gambling", _SUSPENDED),
        written_wrongly("Alice: gambling @bob", "yourself only|takes no user name"),
    ),
    Row(
        "odds",
        done("Alice: odds", "Spin: 300 %"),
        refused("Mallory: odds", _SUSPENDED),
        written_wrongly("Alice: odds @bob", "takes no user name"),
    ),
    Row(
        "fair",
        done("Alice: fair", "All draws of 2026-11-20 follow from one seed"),
        refused("Alice: fair 2026-11-01", "no seed of 2026-11-01"),
        written_wrongly("Alice: fair tomorrow", "Write the day as in: fair 2026-01-31"),
    ),
    Row(
        "verify",
        done("Alice: verify 1", "seed of 2026-11-20 is told when the day is over"),
        refused("Alice: verify 999", "There is no round 999"),
        written_wrongly("Alice: verify", "Usage: verify <round>"),
    ),
    Row(
        "blackjack",
        done("Alice: blackjack 100", "the dealer shows", alice=-100),
        first("Alice: stand"),
        refused("Alice: blackjack 100", "cooling down"),
        written_wrongly("Bob: blackjack all-in", "'all-in' is not an amount"),
        Wait(60),
    ),
    Row(
        "hit",
        first("Alice: blackjack 100"),
        done("Alice: hit", "You"),
        first("Alice: stand"),
        refused("Cy: hit", _NO_HAND),
        written_wrongly("Alice: hit @bob", "'hit' takes no user name"),
        Wait(60),
    ),
    Row(
        "stand",
        first("Alice: blackjack 100"),
        done("Alice: stand", "Dealer"),
        refused("Alice: stand", _NO_HAND),
        written_wrongly("Alice: stand @bob", "'stand' takes no user name"),
        Wait(60),
    ),
    Row(
        "double",
        first("Alice: blackjack 100"),
        done("Alice: double", "Stake: 200 Z", alice=-100),
        refused("Alice: double", _NO_HAND),
        written_wrongly("Alice: double @bob", "'double' takes no user name"),
    ),
    Row(
        "challenge",
        done("Bob: challenge @cy 100", "You have challenged Cy for 100 Z", bob=-100),
        refused("Cy: challenge @nemo 100", "nemo"),
        refused("Cy: challenge @cy 100", "can't challenge yourself"),
        refused("Cy: challenge @bob 49", "the minimum is 50 Z"),
        written_wrongly("Cy: challenge @bob much", "'much' is not an amount"),
    ),
    Row(
        "accept",
        refused("Cy: accept @alice", "No challenge of alice"),
        written_wrongly("Cy: accept a.b", "can't be a user name"),
        done("Cy: accept", "(won|lost) against Bob", bob=190, cy=-100),
        refused("Cy: accept", "No challenge is waiting"),
    ),
    Row(
        "decline",
        first("Bob: challenge @cy 100"),
        written_wrongly("Cy: decline a.b", "can't be a user name"),
        done("Cy: decline", "declined the challenge of Bob", bob=100),
        refused("Cy: decline", "No challenge is waiting"),
    ),
    Row(
        "limit",
        done("Cy: limit 10", "Stakes a day: 10 Z"),
        refused("Mallory: limit 10", _SUSPENDED),
        written_wrongly("Cy: limit sky", "'sky' is not an amount"),
        written_wrongly("Cy: limit pause ever", "Write how long"),
    ),
)
