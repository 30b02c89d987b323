"""What a person typed, read back from CyTube's filtered HTML (`wire.md` 0.2, 4).

CyTube escapes the text, applies the channel's chat filters, turns addresses into links
and sanitises the result. `typed_text` undoes that for the default filters. Two things
are gone for good: the capitals of a typed ``[SP]``, and marks which crossed one another.
Tags of a channel's own filters are dropped and their content stays.
"""

import html
import re

__all__ = ("typed_text",)


_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)((?:\s[^<>]*)?)>")


_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


_CLASS = re.compile(r"""\sclass=["']?([^"'>]*)""")


_HREF = re.compile(r"""\shref=(?:"([^"]*)"|'([^']*)')""")


_SRC = re.compile(r"""\ssrc=(?:"([^"]*)"|'([^']*)')""")


_MARKS = {"em": "_", "strong": "*", "code": "`", "s": "~~"}


def typed_text(filtered: str) -> str:
    """The text as typed: marks restored, links as their target, images as their source.

    Entities are decoded last and once, so a typed ``<3`` and a typed ``&lt;`` both survive
    (`earning.md` 8).
    """
    # Most lines hold neither character; two searches cost far less than one expression.
    if "<" in filtered:
        filtered = _without_tags(filtered)
    if "&" in filtered:
        filtered = _ENTITY.sub(_decoded, filtered)
    return filtered


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


def _decoded(match: re.Match[str]) -> str:
    return html.unescape(match.group())
