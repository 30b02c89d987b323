"""What a chat line contains, over text that went through the real filter."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy_sandbox.filters import to_html
from kryten_economy.features.chat.rules import emotes_in, has_gif, is_laugh, kudos_in, words_in
from kryten_economy.text.markup import typed_text

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
AROUND = st.sampled_from(["", "hi ", "<3 ", "& so, ", "`code` ", "*bold* ", "a_b_c "])


def heard(typed: str) -> str:
    """What the service reads of a typed line."""
    return typed_text(to_html(typed))


@pytest.mark.parametrize(
    "text",
    [
        "lol", "LOL!", "so funny lmao", "lmfao", "rofl.", "kek", "I'm dead", "haha", "hahaha",
        "HAHAHAHA", "hehe", "heheeee", "_lol_", "*haha*", "💀", "no 😂 way", "🤣🤣",
    ],
)  # fmt: skip
def test_laughs_are_heard(text: str) -> None:
    """Each word and sign of 8.2 counts as a laugh, in any casing and inside marks."""
    assert is_laugh(heard(text))


@pytest.mark.parametrize("text", ["", "lollipop", "deadline", "ha", "aloha", "kekw", "hehehx"])
def test_words_that_hold_a_laugh_are_none(text: str) -> None:
    """A laugh is a whole word."""
    assert not is_laugh(heard(text))


@given(AROUND, NAMES, st.sampled_from(["", "!", " thanks", ", yes", "."]), st.booleans())
def test_kudos_name_their_target(before: str, name: str, after: str, at: bool) -> None:
    """Any CyTube name before ++ is found, with or without @, in lower case."""
    text = heard(f"{before}{'@' if at else ''}{name}++{after}")
    assert name.lower() in kudos_in(text)


def test_kudos_count_a_target_once() -> None:
    """The same target twice in one message is one."""
    assert kudos_in("Bob++ bob++ @carol++") == ("bob", "carol")


@pytest.mark.parametrize(
    "text", ["bob+", "xbob ++", "f(bob++)", "bob+++", "bob++x", "a" * 21 + "++"]
)
def test_what_is_no_kudos(text: str) -> None:
    """Start or whitespace before, end, whitespace or punctuation after, at most 20 characters."""
    assert kudos_in(heard(text)) == ()


@given(NAMES, AROUND, st.sampled_from(["", "!", ", hello", " :)", "?"]))
def test_names_are_found_as_words(name: str, before: str, after: str) -> None:
    """A name that stands alone is found whatever stands around it."""
    assert name.lower() in words_in(heard(f"{before}{name}{after}"))


@given(st.text(alphabet="abAB09 ,.!", max_size=40), st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True))
def test_names_are_never_found_inside_words(text: str, name: str) -> None:
    """P-EARN-4: a user called `an` is not mentioned by `banana`."""
    alone = re.search(rf"(?<![a-z0-9]){name}(?![a-z0-9])", text.lower()) is not None
    assert (name in words_in(heard(text))) == alone


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/cat.gif", "look http://e.com/a.GIF?x=1&y=2 wow",
        "https://giphy.com/gifs/abc", "https://media.giphy.com/media/x/giphy.mp4",
        "https://tenor.com/view/x-1", "(https://i.imgur.com/abc.gif)",
    ],
)  # fmt: skip
def test_gif_links_are_seen(text: str) -> None:
    """A link to a GIF or a GIF site, as it comes out of CyTube's link element."""
    assert has_gif(heard(text))


@pytest.mark.parametrize(
    "text", ["cat.gif", "https://e.com/gif", "https://e.com/a.gif.png", "http://[x", "nottenor.com"]
)
def test_other_links_are_no_gifs(text: str) -> None:
    """The path ends in .gif or the host is one of the three."""
    assert not has_gif(heard(text))


def test_emotes_are_whole_tokens() -> None:
    """Each known emote counts once, glued ones not at all, and nothing without a list."""
    known = frozenset({":kappa:", "/pepe"})
    text = heard("/pepe :kappa: x:kappa: /pepe :unknown:")
    assert emotes_in(text, known) == ("/pepe", ":kappa:")
    assert emotes_in(text, frozenset()) == ()
