"""What was typed comes back from the server's HTML."""

import json
import string
import timeit
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.text.cytube_filters import filtered

from kryten_economy.text.markup import typed_text

_NAMES = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=20)
_AMOUNTS = st.one_of(
    st.integers(0, 10**15).map(str),
    st.integers(0, 10**15).map(lambda number: f"{number:,}"),
    st.integers(0, 10**15).map(lambda number: f"{number:_}"),
)
_COMMANDS = st.sampled_from(["tip", "set_balance", "cancel_bounty", "grant", "approve_gif"])

# What the recorder's script typed, where the server changed it (traces/session-basic.jsonl).
_SAMPLES = [
    (
        "Tipped Dr<em>Z</em>oid: <strong>10</strong> Z, see <code>help</code>",
        "Tipped Dr_Z_oid: *10* Z, see `help`",
    ),
    ("tip @Dr<em>Z</em>oid 10", "tip @Dr_Z_oid 10"),
    (
        "my name is Dr<em>Z</em>oid and snake<em>case</em>words",
        "my name is Dr_Z_oid and snake_case_words",
    ),
    (
        "<strong>bold</strong> <em>italic</em> <s>strike</s>",
        "*bold* _italic_ ~~strike~~",
    ),
    (
        '<code>code</code> <span class="spoiler">spoiler</span>',
        "`code` [sp]spoiler[/sp]",
    ),
    (
        "&lt;script&gt;alert(1)&lt;/script&gt; &amp; \"double\" 'single' 100% &lt;3",
        "<script>alert(1)</script> & \"double\" 'single' 100% <3",
    ),
    (
        '<a href="https://example.com/pay?to=a&amp;n=1" target="_blank">pay?to=a&amp;n=1</a>',
        "https://example.com/pay?to=a&n=1",
    ),
    ("gift &lt;b&gt;x&lt;/b&gt; &amp; \"y\" 'z'", "gift <b>x</b> & \"y\" 'z'"),
    ("&gt; quoted", "> quoted"),
    ("line one\nline two", "line one\nline two"),
    ("   padded   ", "   padded   "),
]


@pytest.mark.parametrize(("html", "typed"), _SAMPLES)
def test_recorded_samples(html: str, typed: str) -> None:
    """Each recorded line that the server changed comes back as the script typed it."""
    assert typed_text(html) == typed


@pytest.mark.parametrize(
    ("html", "typed"),
    [
        ("&amp;lt;", "&lt;"),
        ("&amp;amp;", "&amp;"),
        ("a &lt;3 b", "a <3 b"),
        ("1 < 2 & 3", "1 < 2 & 3"),
        ("?x=1&copy=2", "?x=1&copy=2"),
        (
            '<img src="https://a.test/x.gif?a=1&amp;b=2" class="emote">',
            "https://a.test/x.gif?a=1&b=2",
        ),
        ('<font color="red">red</font> <b>fat</b><br>end', "red fatend"),
        ('<span style="color:red">not hidden</span>', "not hidden"),
        ('<span style="color:red">a <span class="spoiler">b</span> c</span>', "a [sp]b[/sp] c"),
        ('<a target="_blank">weird://x</a>', "weird://x"),
        ("stray</em> end", "stray end"),
        ("<em>open", "_open"),
        ('<em><a href="http://x.test">http://x.test</a> b</em>', "_http://x.test b_"),
        ("", ""),
    ],
)
def test_entities_last_and_foreign_tags_dropped(html: str, typed: str) -> None:
    """Entities are decoded once after the tags; tags of other filters leave their content."""
    assert typed_text(html) == typed


@given(st.lists(st.one_of(_NAMES, _COMMANDS, _AMOUNTS, _NAMES.map("@{}".format)), max_size=6))
@settings(max_examples=200)
def test_names_commands_and_amounts_survive(words: list[str]) -> None:
    """Whatever underscores the filters pair up, names, commands and amounts come back whole."""
    typed = " ".join(words)
    assert typed_text(filtered(typed)) == typed


@given(st.text("ab <>&;#_lt\"'/", max_size=40))
def test_escaped_text_survives(typed: str) -> None:
    """Text full of angle brackets, ampersands and half entities comes back as typed."""
    assert typed_text(filtered(typed)) == typed


@given(st.text(max_size=60))
def test_never_fails(text: str) -> None:
    """Any text at all can be read, filtered or not."""
    typed_text(text)
    typed_text(f"<{text}")
    typed_text(filtered(text))


def test_every_recorded_line_was_typed_so() -> None:
    """Sent through the filters again, each text read from a recorded line gives that line."""
    file = Path(__file__).with_name("recorded_lines.json")
    lines: list[str] = json.loads(file.read_text("utf-8"))
    assert len(lines) > 80
    for html in lines:
        assert filtered(typed_text(html)) == html


def test_plain_text_is_fast() -> None:
    """A line without marks costs next to nothing: every chat line passes here."""
    calls = 20_000
    seconds = min(timeit.repeat(lambda: typed_text("hello everyone"), number=calls, repeat=5))
    assert seconds / calls < 2e-6
