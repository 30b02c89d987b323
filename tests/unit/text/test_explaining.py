"""`why` in words: one sentence for every type of movement."""

import json
from typing import Any

import pytest
from tests.actors.house import settings_with
from tests.unit.text.cytube_filters import filtered

from kryten_economy.features.history.rules import Movement, explain
from kryten_economy.features.history.texts import EXPLAINED, explained, rule_in_words
from kryten_economy.text.markup import split
from kryten_economy.transaction_types import TYPES

SETTINGS = settings_with()


def _movement(
    kind: str, trigger_id: str, amount_z: int = 5, reason: str = "R", **metadata: Any
) -> Movement:
    return Movement(
        amount_z, 105, kind, trigger_id, reason, "Bob", json.dumps(metadata) if metadata else None
    )


def _words(movement: Movement) -> str:
    return rule_in_words(movement, explain(movement, SETTINGS), SETTINGS)


def _text(movement: Movement, *, everything: bool = False) -> str:
    why = explain(movement, SETTINGS)
    shown = why if everything else why.for_users()
    return explained(7, movement, shown, SETTINGS, "2026-11-20 10:39", everything=everything)


def test_every_type_has_words_of_its_own() -> None:
    """The table of types and that of sentences name the same, and no two say the same."""
    assert EXPLAINED.keys() == TYPES.keys()
    plain = {kind: _words(_movement(kind, "x.y", reason="the reason")) for kind in TYPES}
    both = {"interest", "decay"}  # their reasons differ
    assert len({text for kind, text in plain.items() if kind not in both}) == len(TYPES) - 2
    assert all(text for text in plain.values())


@pytest.mark.parametrize(
    ("movement", "words"),
    [
        (_movement("earn", "presence.base"), "Being here, minute by minute"),
        (_movement("earn", "bridge.weekly"), "The bridge: here at the weekend and on a weekday"),
        (_movement("earn", "chat.kudos_received", reason="Kudos"), "Kudos (Bob)"),
        (_movement("milestone", "dwell.1h", reason="1 hour present"), "1 hour present"),
        (_movement("streak_bonus", "streak.day2", reason="Streak day 2"), "Streak day 2"),
        (_movement("interest", "maintenance.interest"), "R on a balance of 100 Z"),
        (_movement("decay", "maintenance.decay", -5), "R on a balance of 110 Z"),
        (
            _movement("admin_rain", "admin.rain", by="Boss", total=11, users=2),
            "A part of the rain by Boss: 11 Z for 2 users",
        ),
        (_movement("event_bonus", "event.E.presence", users=1), "shared by 1 user"),
        (
            _movement("achievement", "achievement.a", percent=2.5, of=1_000),
            "2.5% of the 1,000 Z earned until then",
        ),
        (
            _movement("competition", "competition.a", percent=25, of=160),
            "A daily competition won: R, 25% of the 160 Z earned that day",
        ),
        (_movement("tip_send", "spend.tip", -5), "A tip given to Bob"),
        (_movement("tip_receive", "earn.tip"), "A tip received from Bob"),
        (
            _movement("auction_sale", "gambling.auction", reason="Auction 7"),
            "Sold by auction (Bob): Auction 7",
        ),
        (_movement("admin_grant", "admin.grant", by="Boss"), "Given by Boss: R"),
        (
            _movement("admin_grant", "admin.grant", reason="Admin grant by Boss", by="Boss"),
            "Given by Boss",
        ),
        (_movement("admin_deduct", "admin.deduct", -5, by="Boss"), "Taken by Boss: R"),
        (_movement("admin_adjust", "admin.adjust"), "Corrected by an admin: R"),
        (
            _movement("admin_set_balance", "admin.set_balance", 105, by="Boss"),
            "set by Boss, from 0 Z to 105 Z",
        ),
        (_movement("refund", "refund.gif_rejected", reason="GIF rejected"), "GIF rejected"),
    ],
)
def test_words(movement: Movement, words: str) -> None:
    """Who, what, on which sum: the sentence names what the row knows."""
    assert words in _words(movement)


def test_how_to_set_off_a_hidden_trigger_stays_hidden() -> None:
    """Its name stands in the history anyway; the condition is for admins and shown triggers."""
    movement = _movement("earn", "chat.long_message", reason="Long message")
    assert "30 characters" not in _text(movement)
    assert "30 characters" in _text(movement, everything=True)
    shown = settings_with(chat_triggers={"long_message": {"hidden": False}})
    assert "30 characters" in rule_in_words(movement, explain(movement, shown), shown)


MULTIPLIED = _movement(
    "earn",
    "presence.base",
    3,
    base=1,
    multiplier=3.6,
    sources=[
        {"source": "night_watch", "mult": 1.2},
        {"source": "off_peak", "mult": 2.0},
        {"source": "population", "mult": 1.5, "hidden": True},
    ],
    carried_in=0,
    carried=0.6,
)


def test_a_user_reads_what_may_be_seen() -> None:
    """Base, visible factors and settings; nothing of the crowd bonus and no product (P-EARN-15)."""
    assert _text(MULTIPLIED).splitlines() == [
        "🔎 #7: +3 Z | 2026-11-20 10:39 | balance 105 Z",
        "Being here, minute by minute (presence.base)",
        "Base: 1 Z",
        "Multiplied by night watch 1.2x, off-peak bonus 2x",
        "Parts of a coin are kept until they make a whole one.",
        "presence.base_rate_per_minute = 1",
        "presence.night_watch.multiplier = 1.2 then, 1.5 now",
        "multipliers.off_peak.multiplier = 2",
    ]


def test_an_admin_reads_everything() -> None:
    """The hidden factor, the combined one, the parts carried, and all settings."""
    text = _text(MULTIPLIED, everything=True)
    assert "crowd bonus 1.5x" in text
    assert "Together 3.6x; 0 Z carried in, 0.6 Z carried on" in text
    assert "multipliers.high_population.multiplier = 1.5" in text


def test_it_fits_into_few_messages() -> None:
    """Long words are cut, and everything fits into four PMs."""
    movement = MULTIPLIED._replace(type="rain", reason="word " * 200, trigger_id="rain.ambient")
    assert len(split(_text(movement, everything=True), 240)) <= 4


def test_lines_before_the_keys_keep_their_underscores() -> None:
    """The filters pair underscores within a line; only keys of the file hold more than one."""
    movement = _movement("earn", "chat.long_message", reason="Long message")
    sentence = _text(movement).splitlines()[1]
    assert "<em>" not in filtered(sentence)
