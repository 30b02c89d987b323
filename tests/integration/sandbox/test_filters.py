"""The filter against every pair of typed and filtered text the recordings hold."""

from pathlib import Path
from typing import Any

import pytest
from tests.integration.sandbox.recordings import BASIC, RESTART, events, lines

from economy_sandbox.filters import Line, chat_line, cut_utf16, pm_line, to_html

BOT = "ZCoinBot"
NEVER_SENT = {"", "are you there", "me", "x", "lost pm", "pm sent while NATS down"}

TYPED = {
    "hello everyone": "hello everyone",
    "lmaooo 🤣": "lmaooo 🤣",
    "/pepe": "/pepe",
    "look http://example.com/a.png and https://example.com/x?a=1&b=2": (
        'look <a href="http://example.com/a.png" target="_blank" rel="noopener noreferrer">'
        'http://example.com/a.png</a> and <a href="https://example.com/x?a=1&amp;b=2"'
        ' target="_blank" rel="noopener noreferrer">https://example.com/x?a=1&amp;b=2</a>'
    ),
    "<script>alert(1)</script> & \"double\" 'single' 100% <3": (
        "&lt;script&gt;alert(1)&lt;/script&gt; &amp; \"double\" 'single' 100% &lt;3"
    ),
    "*bold* _italic_ ~~strike~~ `code` [sp]spoiler[/sp]": (
        "<strong>bold</strong> <em>italic</em> <s>strike</s> <code>code</code> "
        '<span class="spoiler">spoiler</span>'
    ),
    "my name is Dr_Z_oid and snake_case_words": (
        "my name is Dr<em>Z</em>oid and snake<em>case</em>words"
    ),
    "> greentext line": "&gt; greentext line",
    "/me waves": "waves",
    "/sp hidden thing": "hidden thing",
    "first\nsecond line\tTab": "first second line Tab",
    "   padded   ": "   padded   ",
}


def _made(command: str, text: str) -> Line | None:
    return pm_line(text) if command == "pm" else chat_line(text, rank=4)


@pytest.mark.parametrize("path", [BASIC, RESTART], ids=lambda path: path.stem)
def test_bot_texts_come_back_as_recorded(path: Path) -> None:
    """Each text the recorded service sent is filtered to exactly the echo that was recorded."""
    waiting: list[tuple[str, dict[str, Any]]] = []
    echoes = 0
    for line in lines(path):
        data = line["data"]
        if line["subject"] == "kryten.robot.command" and data["command"] in {"pm", "say"}:
            waiting.append((data["command"], data["args"]))
        if line["subject"].rsplit(".", 1)[-1] not in {"pm", "chatmsg"}:
            continue
        payload = data["payload"]
        if payload["username"] != BOT or payload["msg"].startswith("Kryten Robot v"):
            continue
        match = next(pair for pair in waiting if _is_source(pair, payload))
        waiting.remove(match)
        echoes += 1
    assert echoes > 4
    lost = {args.get("msg") for _, args in waiting} - NEVER_SENT
    assert all(text.startswith("burst") for text in lost if text)


def _is_source(pair: tuple[str, dict[str, Any]], payload: dict[str, Any]) -> bool:
    command, args = pair
    if args.get("to", "").lower() != payload.get("to", "").lower():
        return False
    made = _made(command, args.get("msg") or args.get("message") or "")
    return made is not None and (made.html, made.meta) == (payload["msg"], payload["meta"])


@pytest.mark.parametrize("typed", TYPED)
def test_chat_of_people_comes_out_as_recorded(typed: str) -> None:
    """What people are known to have typed is filtered to a line of the recording."""
    made = chat_line(typed)
    assert made is not None
    assert made.html == TYPED[typed]
    recorded = [e["payload"] for e in events(BASIC) if e["event_name"] == "chatMsg"]
    assert any((p["msg"], p["meta"]) == (made.html, made.meta) for p in recorded)


def test_private_messages_keep_newline_and_slash() -> None:
    """A PM is no chat line: newlines stay and a slash is text."""
    assert pm_line("line one\nline two").html == "line one\nline two"
    assert pm_line("/me balance").html == "/me balance"
    assert pm_line("> quoted").meta == {"addClass": "greentext"}


def test_long_text_is_cut_before_it_is_escaped() -> None:
    """320 units are counted on what was typed, so the HTML may be four times longer."""
    assert pm_line("<" * 400).html == "&lt;" * 320
    assert pm_line("p" * 2000).html == "p" * 320


def test_cut_counts_an_emoji_as_two() -> None:
    """Length is in UTF-16 units; half an emoji is left as a replacement sign."""
    assert cut_utf16("😀" * 200) == "😀" * 160
    assert cut_utf16("x" + "😀" * 200) == "x" + "😀" * 159 + "\ufffd"


def test_links_are_not_filtered() -> None:
    """Marks inside an address stay what they are."""
    address = "https://e.com/a_b_c*d*"
    assert to_html(address).count(address) == 2


def test_crossing_marks_are_closed_in_order() -> None:
    """Where filters cross, the server's sanitizer closes the inner tag first."""
    assert to_html("*a _b* c_") == "<strong>a <em>b</em></strong> c"


def test_blank_chat_is_dropped_but_blank_pm_is_not() -> None:
    """The server drops blank chat only."""
    assert chat_line("   ") is None
    assert pm_line("   ").html == "   "


def test_shouting_needs_a_rank() -> None:
    """``/say`` is a style from rank 1.5 on and plain text below."""
    loud, plain = chat_line("/say hi", rank=2), chat_line("/say hi", rank=1)
    assert loud is not None
    assert plain is not None
    assert (loud.html, loud.meta["addClass"]) == ("hi", "shout")
    assert (plain.html, plain.meta) == ("/say hi", {})
