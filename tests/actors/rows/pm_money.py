"""What people and admins do with money by private message."""

from tests.actors.rows.walk import Row, done, first, refused, written_wrongly

__all__ = ("ROWS",)

_NOT_FOR_ALICE = "needs admin rights"
_SUSPENDED = "access to the economy is suspended"
_NOT_A_NAME = "can't be a user name"

ROWS = (
    Row(
        "balance",
        done("Alice: balance", "Balance: 10,000 Z"),
        refused("Mallory: balance", _SUSPENDED),
        written_wrongly("Alice: balance @bob", "yourself only"),
    ),
    Row(
        "grant",
        done("Boss: grant alice 50 prize", "Granted 50 Z to Alice. New balance: 10,050", alice=50),
        refused("Alice: grant alice 50", _NOT_FOR_ALICE),
        refused("Boss: grant ZCoinBot 50", "list of ignored users"),
        written_wrongly("Boss: grant alice lots", "'lots' is not an amount"),
        written_wrongly("Boss: grant a.b 50", _NOT_A_NAME),
    ),
    Row(
        "deduct",
        done("Boss: deduct alice 50", "Deducted 50 Z from Alice", alice=-50),
        refused("Boss: deduct alice 10001", "has only 10,000 Z"),
        refused("Boss: deduct nemo 5", "don't know anyone called nemo"),
        written_wrongly("Boss: deduct alice", "Usage: deduct @user <amount>"),
    ),
    Row(
        "set_balance",
        done("Boss: set_balance alice 9000", "10,000 Z before, 9,000 Z now", alice=-1_000),
        first("Boss: set_balance alice 10000"),
        refused("Boss: set_balance nemo 5", "don't know anyone called nemo"),
        written_wrongly("Boss: set_balance alice -5", "without a sign"),
    ),
    Row(
        "tip",
        done("Alice: tip bob 50", "You tipped Bob 50 Z", alice=-50, bob=50),
        first("Bob: tip alice 50"),
        refused("Alice: tip bob 4951", "4,950 Z of it are left"),
        refused("Alice: tip nemo 5", "don't know anyone called nemo"),
        refused("Alice: tip alice 5", "can't tip yourself"),
        refused("Alice: tip mallory 5", "suspended"),
        written_wrongly("Alice: tip bob much", "'much' is not an amount"),
        written_wrongly("Alice: tip bob", "Usage: tip @user <amount>"),
    ),
    Row(
        "history",
        done("Alice: history 3", r"\+50 Z \| Tip"),
        refused("Mallory: history", _SUSPENDED),
        written_wrongly("Alice: history -1", "Usage: history"),
    ),
    Row(
        "why",
        done("Alice: why", r"\+50 Z"),
        refused("Alice: why 99999", "no movement #99,?999"),
        written_wrongly("Alice: why so", r"Usage: why \[number\]"),
    ),
    Row(
        "rewards",
        done("Alice: rewards", "1 Z per minute"),
        refused("Mallory: rewards", _SUSPENDED),
        written_wrongly("Alice: rewards @bob", "yourself only|takes no user name"),
    ),
    Row(
        "rain",
        done("Boss: rain 100", "100 Z fell on 4 users", alice=25, bob=25, boss=25, cy=25),
        refused("Boss: rain 3", "less than one each for 4 users"),
        written_wrongly("Boss: rain much", "'much' is not an amount"),
    ),
    Row(
        "audit",
        done("Boss: audit @alice", "grant"),
        refused("Boss: audit 99999", "no entry #99,?999"),
        written_wrongly("Boss: audit a.b", "can't be a user name|Usage: audit"),
    ),
    Row(
        "undo",
        first("Boss: grant cy 30"),
        done("Boss: undo last", "undone", cy=-30),
        refused("Boss: undo 99999", "There is no act #99,999"),
        written_wrongly("Boss: undo it", r"Usage: undo <number\|last>"),
    ),
    Row(
        "inflation",
        done("Boss: inflation", "Inflation is off: everything costs its base price"),
        refused("Alice: inflation", _NOT_FOR_ALICE),
        written_wrongly("Boss: inflation @bob", "yourself only|takes no user name"),
    ),
    Row(
        "econ_reset",
        done("Boss: econ_reset 500", "sets 5 balances to 500 Z.*confirm"),
        refused("Boss: confirm 0", "not the number I gave you"),
        first("Boss: econ_reset 500"),
        done(
            "Boss: confirm {code}",
            "balances",
            alice=-9_525,
            bob=-9_525,
            boss=-9_525,
            cy=-9_525,
            mallory=500,
        ),
        written_wrongly("Boss: econ_reset nothing", "'nothing' is not an amount"),
    ),
)
