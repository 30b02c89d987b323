"""Texts on their way through CyTube's chat filters, in both directions.

CyTube escapes the text, applies the channel's chat filters, turns addresses into links
and sanitises the result, in private messages too. `typed_text` undoes that for the default
filters. Two things are gone for good: the capitals of a typed ``[SP]``, and marks which
crossed one another. Tags of a channel's own filters are dropped and their content stays.

`unformatted` writes a text so that the default filters find nothing to do in it. They know no
escape, so a mark that would have formatted something becomes a letter that looks like it.
`typed_text` reads these letters back: a name that is copied from one of our messages works in
a command.

User text made fit for public lines and replies.

Line breaks become spaces; control, zero-width, bidirectional, invisible and private-use
characters vanish. A public line never begins with ``/`` or ``!``: the first is a CyTube
command (``/kick``), the second one of another bot.

Lengths in UTF-16 units, as CyTube counts them, and texts cut to fit.

A cut prefers line breaks, then spaces, and else falls between characters that belong
together: never inside an emoji sequence or before a combining mark, unless one such
cluster alone is longer than the limit. Code points are never cut.
"""

import html
import re
import unicodedata

__all__ = (
    "as_meant",
    "clip",
    "name_shown",
    "public_line",
    "public_parts",
    "split",
    "typed_text",
    "unformatted",
    "units",
    "user_text",
)

_JOINER = "\u200d"


def units(text: str) -> int:
    """The number of UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str, max_units: int) -> list[str]:
    """The text in parts of at most ``max_units``; none is blank, and none for a blank text.

    White space at a cut is dropped; everything else is kept in order.
    """
    assert max_units >= 2, max_units
    parts: list[str] = []
    rest = text.strip("\n").rstrip()
    while rest and units(rest) > max_units:
        end = _cut(rest, max_units)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    parts.append(rest)
    return [part for part in parts if part and not part.isspace()]


def clip(text: str, max_units: int, ending: str = "…") -> str:
    """The text if it fits, else its beginning followed by ``ending``, within ``max_units``."""
    if units(text) <= max_units:
        return text
    room = max_units - units(ending)
    assert room >= 0, max_units
    return text[: _hard_end(text, room)].rstrip() + ending if room else ending


def _cut(text: str, max_units: int) -> int:
    """Where the first part of a text that is too long ends."""
    # One character more than fits: a break right behind a full part is the best of all.
    window = text[: _fitting(text, max_units) + 1]
    for separator in ("\n", " "):
        place = window.rfind(separator)
        if place > 0 and not window[:place].isspace():
            return place
    return _hard_end(text, max_units)


def _hard_end(text: str, max_units: int) -> int:
    """The last place within the limit at which no cluster is torn; code points at worst."""
    fitting = _fitting(text, max_units)
    end = fitting
    while 0 < end < len(text) and _belongs_together(text, end):
        end -= 1
    return end or fitting


def _fitting(text: str, max_units: int) -> int:
    """How many code points from the start fit into ``max_units``."""
    if text.isascii():
        return min(len(text), max_units)
    room = max_units
    for place, character in enumerate(text):
        room -= 2 if character > "\uffff" else 1
        if room < 0:
            return place
    return len(text)


def _belongs_together(text: str, place: int) -> bool:
    """Whether the characters before and at ``place`` are shown as one."""
    before, after = text[place - 1], text[place]
    if _extends(after) or before == _JOINER:
        return True
    if _is_low(after) and "\ud800" <= before <= "\udbff":
        return True
    return _is_regional(before) and _is_regional(after) and _regionals_before(text, place) % 2 == 1


def _extends(character: str) -> bool:
    """Marks, selectors, joiners, skin tones and tag characters continue what stands before."""
    return (
        character == _JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character) in {"Mn", "Me", "Mc"}
    )


def _is_low(character: str) -> bool:
    return "\udc00" <= character <= "\udfff"


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regionals_before(text: str, place: int) -> int:
    """Flags are pairs: an odd count before ``place`` means that it is inside one."""
    count = 0
    while count < place and _is_regional(text[place - 1 - count]):
        count += 1
    return count


_GUARD = "» "


_COMMAND_SIGNS = ("/", "!")


# Letters and marks by category, but drawn as nothing.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


# Cc control, Cf format (zero-width, bidirectional), Cs lone surrogates, Co private use:
# U+EEEE is the place-holder with which CyTube itself cuts links out of a text.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co"})


_SPACES = frozenset({"Zs", "Zl", "Zp"})


def user_text(text: str) -> str:
    """A person's text on one line, with single spaces and nothing invisible in it."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_visible, text))
    return " ".join(text.split())


def name_shown(name: str) -> str:
    """A user name as public lines show it: cleaned, without a leading ``@``."""
    return user_text(name).lstrip("@")


def public_line(text: str) -> str:
    """One line for the channel that no server and no other bot takes for a command."""
    line = user_text(text)
    return _GUARD + line if line.startswith(_COMMAND_SIGNS) else line


def public_parts(text: str, max_units: int) -> list[str]:
    """A text of any length as public lines of at most ``max_units`` UTF-16 units each.

    Line breaks end a line. Every part is guarded, also one that begins in mid-sentence.
    """
    parts: list[str] = []
    for line in text.splitlines():
        rest = user_text(line)
        while rest:
            room = max_units - (units(_GUARD) if rest.startswith(_COMMAND_SIGNS) else 0)
            first = split(rest, room)[0]
            parts.append(public_line(first))
            rest = rest[len(first) :].lstrip()
    return parts


def _visible(character: str) -> str:
    if character in "\n\r\t\v\f\x85":
        return " "
    category = unicodedata.category(character)
    if category in _SPACES:
        return " "
    return "" if category in _DROPPED or character in _INVISIBLE else character


_REASON_UNITS_MAX = 150


def because(reason: str | None) -> str:
    """The end of a sentence: a reason if there is one, and the full stop."""
    text = clip(user_text(reason or ""), _REASON_UNITS_MAX)
    return f": {text.rstrip('.')}." if text else "."


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
