"""How the demo shows what happens."""

import io

import pytest

from economy_sandbox.media import Event
from economy_sandbox.view import Heard, View

AT_MS = 1_795_171_133_800


def _shown(*heard: Heard, colour: bool = False, others: bool = True) -> str:
    sink = io.StringIO()
    view = View(sink, "You", "ZCoinBot", colour=colour)
    view.shows_others_pms = others
    for one in heard:
        view.hear(one)
    return sink.getvalue()


def test_chat_and_own_pms_are_shown_whole() -> None:
    """A PM to the person at the keyboard keeps its lines, indented."""
    text = _shown(
        Heard(AT_MS, "Bob", None, "hi all"),
        Heard(AT_MS, "ZCoinBot", "you", "Balance: 5 Z\nRank: Extra"),
    )
    chat, first, second = text.splitlines()
    assert chat.endswith("<Bob> hi all")
    assert first.endswith("ZCoinBot → you: Balance: 5 Z")
    assert second.strip() == "Rank: Extra"


def test_pms_of_others_are_short_and_can_be_hidden() -> None:
    """What others write to the bot is one line, or none."""
    heard = Heard(AT_MS, "ZCoinBot", "Bob", "one\ntwo")
    assert _shown(heard).endswith("ZCoinBot → Bob: one …\n")
    assert _shown(heard, others=False) == ""


def test_a_reply_to_somebody_else_is_one_line() -> None:
    """Of a reply of several PMs the first is shown; what comes later is news again."""
    texts = ((0, "part 1"), (900, "part 2"), (5000, "a notice"))
    asked = Heard(AT_MS, "Bob", "ZCoinBot", "help")
    text = _shown(asked, *(Heard(AT_MS + at, "ZCoinBot", "Bob", text) for at, text in texts))
    assert "part 1" in text
    assert "part 2" not in text
    assert "a notice" in text


def test_what_many_are_told_is_shown_once() -> None:
    """The same words to one after another are one line, unless a while has passed."""
    rain = [Heard(AT_MS + at, "ZCoinBot", to, "rain") for at, to in ((0, "Bob"), (9, "Kim"))]
    later = Heard(AT_MS + 90_000, "ZCoinBot", "Bob", "rain")
    assert _shown(*rain).count("rain") == 1
    assert _shown(*rain, later).count("rain") == 2


def test_text_of_people_does_not_steer_the_terminal() -> None:
    """Control characters never reach the screen."""
    evil = "\x1b[2Jgone\x07"
    text = _shown(Heard(AT_MS, "Bob", None, evil), Heard(AT_MS, "Bob", "ZCoinBot", evil))
    assert "\x1b" not in text
    assert "\x07" not in text


def test_colour_is_for_terminals() -> None:
    """Without colour no escape is written, with it names have theirs."""
    heard = Heard(AT_MS, "Bob", None, "hi")
    assert "\x1b[" not in _shown(heard)
    assert "\x1b[" in _shown(heard, colour=True)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (Event("addUser", {"name": "Bob"}), "→ Bob joined"),
        (Event("userLeave", {"name": "Bob"}), "← Bob left"),
        (Event("setAFK", {"name": "Bob", "afk": True}), "Bob is away"),
        (Event("changeMedia", {"title": "Clip", "duration": "00:40"}), "▶ Clip (00:40)"),
        (Event("usercount", 5), ""),
    ],
)
def test_events_worth_a_line(event: Event, shown: str) -> None:
    """Coming, going, AFK and films are told; the rest is noise."""
    sink = io.StringIO()
    View(sink, "you", "ZCoinBot", colour=False).happen(event, AT_MS / 1000)
    assert sink.getvalue().strip().endswith(shown)
