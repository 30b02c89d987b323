"""Laughs, thanks, names and GIF links, in lines put together from parts whose meaning is known.

Each line goes the way of a real one: typed, through CyTube's filter, read back. The meaning of
a part is written beside it and follows `earning.md` 8.2, 8.3 and 8.6, so no detector is
held against a copy of itself.
"""

import string
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from economy_sandbox.filters import chat_line
from kryten_economy.features.chat.rules import has_gif, is_laugh, kudos_in, words_in
from kryten_economy.text.markup import typed_text

NAME_SIGNS = string.ascii_letters + string.digits + "_-"
MARKS = ("`", "*", "_", "~~")


class Part(NamedTuple):
    """A piece of a line without spaces, and what it means."""

    text: str
    thanks: str = ""
    laughs: bool = False
    gif: bool = False


def heard(typed: str) -> str:
    """What the service reads of a typed line."""
    line = chat_line(typed)
    assert line is not None
    return typed_text(line.html)


def laughing(word: str) -> bool:
    """8.2, word by word and without a pattern."""
    word = word.lower()
    if word in {"lol", "lmao", "lmfao", "rofl", "kek", "dead"}:
        return True
    if len(word) >= 4 and word == "ha" * (len(word) // 2):
        return True
    return word.startswith("hehe") and not word[4:].strip("e")


def is_plain(name: str) -> bool:
    """Whether the name holds no laugh of its own."""
    return not any(laughing(piece) for piece in name.replace("-", "_").split("_"))


def names_in(text: str) -> set[str]:
    """All runs of name signs, as they stand and without the marks around them."""
    runs, run = set[str](), ""
    for sign in f"{text} ":
        if sign in NAME_SIGNS:
            run += sign.lower()
        else:
            runs |= {run, run.strip("_-")}
            run = ""
    return runs - {""}


def dressed(text: str) -> list[str]:
    """The text in each of the channel's formats; an underscore would end its own emphasis."""
    forms = [f"*{text}*", f"~~{text}~~", f"`{text}`", f"[sp]{text}[/sp]"]
    return forms if "_" in text else [*forms, f"_{text}_"]


NAMES = st.text(NAME_SIGNS, min_size=1, max_size=20).filter(is_plain)
INNER = st.text(string.ascii_letters + string.digits, min_size=1, max_size=20).filter(is_plain)


def _thanks(name: str) -> st.SearchStrategy[Part]:
    tails = st.sampled_from(["", "!", ",", ".", "?", "…", ")", "”", "»", ":)"])
    ats = st.sampled_from(["", "@"])
    return st.builds(lambda at, tail: Part(f"{at}{name}++{tail}", thanks=name), ats, tails)


def _no_thanks(name: str) -> st.SearchStrategy[Part]:
    forms = (f"{name}+", f"{name}+++", f"{name}++x", f"({name}++)", f"x+{name}++", f"{name}++<3")
    return st.sampled_from([Part(form) for form in (*forms, f"{'x' * 21}++", "++", "@++")])


def _named(name: str) -> st.SearchStrategy[Part]:
    forms = [name, f"@{name}", f"{name},", f'"{name}"', f"({name})", f"{name}'s", f"&{name};"]
    return st.sampled_from([Part(form) for form in (*forms, *dressed(name), f"<{name}>")])


LAUGHS = ("lol", "LMAO", "lmfao", "Rofl", "kek", "dead", "haha", "HaHaHa", "hehe", "heheeee")
LAUGHING = st.sampled_from(
    [
        Part(form, laughs=True)
        for word in LAUGHS
        for form in (word, f"{word}!", f"<{word}>", f"&{word}", f"x-{word}", *dressed(word))
    ]
    + [Part(form, laughs=True) for form in ("💀", "😂!", "x🤣", "lol💀", "_😂_", "<3😂")]
)
NO_LAUGHS = st.sampled_from(
    ["lollipop", "deadline", "ha", "aha", "aloha", "hahah", "kekw", "hehex", "1lol", "lol1", "é😀"]
).map(Part)
ADDRESSES = (
    "https://e.com/cat.gif",
    "http://e.com/a_b_c.GIF?x=1&y=*2*",
    "https://giphy.com/gifs/a_b-c",
    "https://media.giphy.com/media/x/giphy.mp4",
    "https://www.tenor.com/view/x_1",
)
GIFS = st.sampled_from(
    [
        Part(form, gif=True)
        for link in ADDRESSES
        for form in (link, f"({link})", f"*{link}*", f"_{link}_", f"{link},")
        # CyTube takes everything up to a space for the address: what follows a question
        # mark belongs to it, and no more can be told from it.
        if form == link or "?" not in link
    ]
)
NO_GIFS = st.sampled_from(
    [
        "cat.gif",
        "https://e.com/gif",
        "https://e.com/a.gif.png",
        "tenor.com/x",
        "https://x.tenor.co/",
    ]
).map(Part)
OTHERS = st.sampled_from(
    ["<3", "&", "&amp;", "&lt;3", "1<2", "*", "_", "~~", "`", "é", "😀", "(-:"]
)
PARTS = st.one_of(
    NAMES.flatmap(_thanks),
    INNER.flatmap(lambda n: st.sampled_from([Part(f, thanks=n) for f in dressed(f"{n}++")])),
    NAMES.flatmap(_no_thanks),
    NAMES.flatmap(_named),
    NAMES.map(Part),
    LAUGHING,
    NO_LAUGHS,
    GIFS,
    NO_GIFS,
    OTHERS.map(Part),
)


@given(st.lists(PARTS, min_size=1, max_size=5))
@settings(max_examples=200)
@example([Part("@Dr_Z_oid++", thanks="Dr_Z_oid"), Part("*lol*", laughs=True)])
@example([Part("_bob++_", thanks="bob"), Part("snake_case_words")])
@example([Part("_bob++", thanks="_bob"), Part("-x-++", thanks="-x-")])
@example([Part("a&b"), Part("<Dr_Z_oid>"), Part("https://e.com/_a_.gif", gif=True)])
def test_a_line_means_what_its_parts_mean(parts: list[Part]) -> None:
    """Whatever stands side by side, each detector finds all of its kind and nothing else."""
    typed = " ".join(part.text for part in parts)
    read = heard(typed)
    if read != typed:
        # Marks that cross are gone for good; nothing else may be lost on the way.
        assert sum(mark in typed for mark in (*MARKS, "[sp]")) > 1, (typed, read)
        return
    assert kudos_in(read) == tuple(
        dict.fromkeys(part.thanks.lower() for part in parts if part.thanks)
    )
    assert is_laugh(read) == any(part.laughs for part in parts)
    assert has_gif(read) == any(part.gif for part in parts)
    assert words_in(read) == names_in(typed)


@given(NAMES, NAMES)
def test_a_name_in_another_word_is_nobodys(name: str, other: str) -> None:
    """P-EARN-4: only a name that stands alone is one, whatever the words around it hold."""
    text = f"x{name}y 1{name} {other}"
    found = words_in(heard(text))
    alone = {f"x{name}y", f"1{name}", other}
    assert found == {form.lower() for word in alone for form in (word, word.strip("_-"))} - {""}


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ("tip @Dr<em>Z</em>oid 10", "dr_z_oid"),
        ("my name is Dr<em>Z</em>oid and snake<em>case</em>words", "snake_case_words"),
        ("<strong>@Dr<em>Z</em>oid</strong> &lt;3", "dr_z_oid"),
    ],
)
def test_names_of_recorded_lines(html: str, name: str) -> None:
    """Names that CyTube's filter cut in two, as the recordings have them."""
    assert name in words_in(typed_text(html))


@pytest.mark.parametrize("after", ["", "!", "&amp;", ")", " &lt;3", "</strong>"])
def test_thanks_for_a_name_that_the_filter_cut(after: str) -> None:
    """The target is the whole name."""
    html = f"{'<strong>' if after == '</strong>' else ''}@Dr<em>Z</em>oid++{after}"
    assert kudos_in(typed_text(html)) == ("dr_z_oid",)


def test_any_word_may_look_like_thanks() -> None:
    """P-EARN-3: `c++` is found, and it is for the books to know that there is no such user."""
    assert kudos_in(heard("c++ and C++ but not C+++ or x86++asm")) == ("c",)
