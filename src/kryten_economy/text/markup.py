"""Texts on their way through CyTube's chat filters, in both directions.

CyTube escapes the text, applies the channel's chat filters, turns addresses into links
and sanitises the result, in private messages too. `typed_text` undoes that for the default
filters. Two things are gone for good: the capitals of a typed ``[SP]``, and marks which
crossed one another. Tags of a channel's own filters are dropped and their content stays.

`unformatted` writes a text so that the default filters find nothing to do in it. They know no
escape, so a mark that would have formatted something becomes a letter that looks like it.
`typed_text` reads these letters back: a name that is copied from one of our messages works in
a command.
"""

import html
import re

__all__ = ("as_meant", "typed_text", "unformatted")


_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)((?:\s[^<>]*)?)>")


_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


_CLASS = re.compile(r"""\sclass=["']?([^"'>]*)""")


_HREF = re.compile(r"""\shref=(?:"([^"]*)"|'([^']*)')""")


_SRC = re.compile(r"""\ssrc=(?:"([^"]*)"|'([^']*)')""")


_MARKS = {"em": "_", "strong": "*", "code": "`", "s": "~~"}


# The default filters, with what is written instead of the mark that each of them looks for.
# A twin is one UTF-16 unit as well; none of them occurs in a user name or a command.
_FILTERS = (
    (re.compile(r"`(.+?)`"), "`", "\u02cb"),
    (re.compile(r"\*(.+?)\*"), "*", "\u2217"),
    (re.compile(r"_(.+?)_"), "_", "\u02cd"),
    (re.compile(r"~~(.+?)~~"), "~~", "~\u223c"),
)


_SPOILER = re.compile(r"\[sp\](.*?)\[/sp\]", re.IGNORECASE)
_SPOILER_TAG = re.compile(r"\[(?=/?sp\])", re.IGNORECASE)
_WORD_JOINER = "\u2060"
_HAIR_SPACE = "\u200a"


_LINK = re.compile(
    r"([A-Za-z0-9_]+://)((?:[^:/\[\]\s]+|\[[0-9a-f:]+\])(?::[0-9]+)?(?:/[^/\s]*)*)", re.IGNORECASE
)
_LINK_PLACE = "\ueeee"
"""What CyTube puts in the place of a link while the filters run."""
_NOT_IN_LINKS = re.compile('["<>\u201c\u201d\u201e\u00ab\u00bb]')
_NOT_AT_THE_END = "'.,;:!?)\u2019\u2026"


_FORMATTING = re.compile(r"[`*_]|~~|://|\[sp\]|\ueeee", re.IGNORECASE)
_WRITTEN = re.compile(
    f"[\u02cb\u2217\u02cd\u223c]|\\[{_WORD_JOINER}(?=/?sp\\])|(?<=\\S){_HAIR_SPACE}(?=\\S)",
    re.IGNORECASE,
)
_READ_AS = {
    "\u02cb": "`",
    "\u2217": "*",
    "\u02cd": "_",
    "\u223c": "~",
    f"[{_WORD_JOINER}": "[",
    _HAIR_SPACE: "",
}


def unformatted(text: str) -> str:
    """The text as it must be sent for the filters to show it as it is.

    Only lines in which a filter would act are changed, and never an address. A hair space ends
    an address before the quote or full stop behind it, which CyTube would make a part of it.
    Doing this twice changes nothing more.
    """
    if _FORMATTING.search(text) is None:
        return text
    return "\n".join(map(_unformatted_line, text.replace(_LINK_PLACE, "").split("\n")))


def _unformatted_line(line: str) -> str:
    while (ended := _LINK.sub(_ended_link, line)) != line:
        line = ended
    links = [match.group() for match in _LINK.finditer(line)]
    # The filters see a line with its links taken out, and match across the gaps.
    around = _LINK.sub(_LINK_PLACE, line)
    for pattern, mark, twin in _FILTERS:
        if pattern.search(around):
            around = around.replace(mark, twin)
    if _SPOILER.search(around):
        around = _SPOILER_TAG.sub(f"[{_WORD_JOINER}", around)
    for link in links:
        around = around.replace(_LINK_PLACE, link, 1)
    return around


def _ended_link(match: re.Match[str]) -> str:
    """The address, and behind a hair space what only seems to belong to it."""
    scheme, address = match.groups()
    end = _NOT_IN_LINKS.search(address)
    stem = (address[: end.start()] if end else address).rstrip(_NOT_AT_THE_END)
    # A bracket that the address itself opens is its own, as in many titles of encyclopedias.
    if stem.count("(") > stem.count(")") and address[len(stem) :].startswith(")"):
        stem += ")"
    rest = address[len(stem) :]
    return f"{scheme}{stem}{_HAIR_SPACE}{rest}" if rest else match.group()


def typed_text(filtered: str) -> str:
    """The text as typed: marks restored, links as their target, images as their source.

    Entities are decoded last and once, so a typed ``<3`` and a typed ``&lt;`` both survive.
    What `unformatted` has written is read as what it stands for.
    """
    # Most lines hold neither character; two searches cost far less than one expression.
    if "<" in filtered:
        filtered = _without_tags(filtered)
    if "&" in filtered:
        filtered = _ENTITY.sub(_decoded, filtered)
    return as_meant(filtered)


def as_meant(text: str) -> str:
    """What `unformatted` was given, read from what it has written."""
    return text if text.isascii() else _WRITTEN.sub(_stood_for, text)


def _without_tags(filtered: str) -> str:
    out: list[str] = []
    open_tags: list[tuple[str, str, int, str]] = []  # name, closing mark, place in out, target
    end = 0
    for match in _TAG.finditer(filtered):
        out.append(filtered[end : match.start()])
        end = match.end()
        name = match.group(2).lower()
        if match.group(1):
            _close(name, out, open_tags)
        elif name == "img":
            out.append(_attribute(_SRC, match.group(3)))
        else:
            opening, closing, target = _meaning(name, match.group(3))
            out.append(opening)
            open_tags.append((name, closing, len(out), target))
    out.append(filtered[end:])
    return "".join(out)


def _meaning(name: str, attributes: str) -> tuple[str, str, str]:
    """What an opening tag stands for: a mark before, a mark after, a target for the content."""
    if name == "a":
        return "", "", _attribute(_HREF, attributes)
    if name == "span":
        found = _CLASS.search(attributes)
        if found is not None and found.group(1) == "spoiler":
            return "[sp]", "[/sp]", ""
    mark = _MARKS.get(name, "")
    return mark, mark, ""


def _close(name: str, out: list[str], open_tags: list[tuple[str, str, int, str]]) -> None:
    """Write the closing mark of the nearest open ``name``; a stray end tag says nothing."""
    for place in range(len(open_tags) - 1, -1, -1):
        if open_tags[place][0] == name:
            _, closing, start, target = open_tags[place]
            # Tags opened inside and never closed (`<br>`, `<hr>`) end here as well.
            del open_tags[place:]
            if target:
                out[start:] = [target]
            else:
                out.append(closing)
            return


def _attribute(pattern: re.Pattern[str], attributes: str) -> str:
    found = pattern.search(attributes)
    if found is None:
        return ""
    return found.group(1) or found.group(2) or ""


def _stood_for(match: re.Match[str]) -> str:
    return _READ_AS[match.group()]


def _decoded(match: re.Match[str]) -> str:
    return html.unescape(match.group())
