"""CyTube's way with a text: escape, default filters, links, sanitised nesting.

A twin of the server for tests: what it gives is what `pm` and `chatmsg` events carry.
"""

import re

__all__ = ("filtered",)

_LINK = re.compile(r"\w+://(?:[^:/\[\]\s]+|\[[0-9a-f:]+\])(?::\d+)?(?:/[^/\s]*)*", re.IGNORECASE)
_PLACE = "\ueeee"
_FILTERS = (
    (re.compile(r"`(.+?)`"), r"<code>\1</code>"),
    (re.compile(r"\*(.+?)\*"), r"<strong>\1</strong>"),
    (re.compile(r"_(.+?)_"), r"<em>\1</em>"),
    (re.compile(r"~~(.+?)~~"), r"<s>\1</s>"),
    (re.compile(r"\[sp\](.*?)\[/sp\]", re.IGNORECASE), r'<span class="spoiler">\1</span>'),
)
_TAG = re.compile(r"<(/?)([a-z]+)[^<>]*>")


def filtered(typed: str) -> str:
    """The HTML in which the server passes a typed text on."""
    text = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    links = _LINK.findall(text)
    text = _LINK.sub(_PLACE, text)
    for pattern, replacement in _FILTERS:
        text = pattern.sub(replacement, text)
    for link in links:
        anchor = f'<a href="{link}" target="_blank" rel="noopener noreferrer">{link}</a>'
        text = text.replace(_PLACE, anchor, 1)
    return _nested(text)


def _nested(text: str) -> str:
    """Tags closed where their parent ends, stray end tags left out, as the sanitiser does."""
    out: list[str] = []
    names: list[str] = []
    end = 0
    for match in _TAG.finditer(text):
        out.append(text[end : match.start()])
        end = match.end()
        name = match.group(2)
        if not match.group(1):
            names.append(name)
            out.append(match.group())
        elif name in names:
            while True:
                last = names.pop()
                out.append(f"</{last}>")
                if last == name:
                    break
    out.append(text[end:])
    out.extend(f"</{name}>" for name in reversed(names))
    return "".join(out)
