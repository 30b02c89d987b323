"""Names, times, amounts and terms of which everything is made; few, so that they meet."""

from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, key

from kryten_economy.features.presence.rules import EarningGate
from kryten_economy.users import Present

__all__ = (
    "DAYS",
    "GATES",
    "HOLD_IDS",
    "IDS",
    "LOWER",
    "NAMES",
    "NOTICE_IDS",
    "PRESENT",
    "SOME_Z",
    "TIMES",
    "USERS",
    "an_op",
    "here",
    "now",
    "today",
)

NAMES = st.sampled_from(["Al", "Bob", "Cy", "al", "BOB"])
USERS = NAMES.map(key)
LOWER = st.sampled_from(["al", "bob", "cy", "nobody"])
TIMES = st.integers(0, 5).map(lambda step: NOW + step * 1000)
DAYS = st.sampled_from([DAY, DAY, DAY, NEXT_DAY])
IDS = st.integers(0, 9).map(str)
SOME_Z = st.integers(0, 9)
GATES = st.sampled_from([EarningGate(), EarningGate(min_messages=3), EarningGate(2000)])
PRESENT = st.lists(LOWER, unique=True).map(lambda names: tuple(Present(n, n) for n in names))


def an_op(kind: str) -> st.SearchStrategy[str]:
    """Ids of operations of this kind, few enough to meet."""
    return IDS.map(lambda number: f"{kind}:{number}")


HOLD_IDS = IDS.map(lambda number: f"h{number}")
here, today, now = st.just(CHANNEL), st.just(DAY), st.just(NOW)
NOTICE_IDS = st.lists(st.integers(1, 6), max_size=2).map(tuple)
