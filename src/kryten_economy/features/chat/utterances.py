"""What a chat line contains: laughs, kudos, names, GIF links, emotes (`earning.md` 8).

Pure. All texts are what the person typed (`messages.markup.typed_text`); marks such as ``_`` or
``*`` around a word do not make it another word. Names come out in lower case.
"""

import re
from collections.abc import Collection
from unicodedata import category
from urllib.parse import urlsplit

__all__ = ("emotes_in", "has_gif", "is_laugh", "kudos_in", "words_in")


# A typed `_lol_` is an emphasised word, so the underscore ends a word here.
_LAUGH = re.compile(
    r"(?<![^\W_])(?:lol|lmao|lmfao|rofl|kek|dead|(?:ha){2,}|hehe+)(?![^\W_])|[💀😂🤣]",
    re.IGNORECASE,
)


_KUDOS = re.compile(r"(?<!\S)(?:[*`]|~~|\[sp\]|_(?=@))*@?([A-Za-z0-9_-]{1,21})\+\+")


_CLOSING_MARKS = "`~"


_NAME_MAX = 20


_WORD = re.compile(r"[A-Za-z0-9_-]+")


_LINK = re.compile(r"https?://\S+", re.IGNORECASE)


_AFTER_LINK = ")>]}.,!?;:'\"*_~`"


_GIF_HOSTS = frozenset({"giphy.com", "media.giphy.com", "tenor.com"})


def is_laugh(text: str) -> bool:
    """Whether somebody laughs (8.2)."""
    return _LAUGH.search(text) is not None


def kudos_in(text: str) -> tuple[str, ...]:
    """Who is thanked by ``name++``, each once, in the order of the text (8.3)."""
    if "++" not in text:
        return ()
    found = (_thanked(match, text[match.end() :][:1]) for match in _KUDOS.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name))


def _thanked(match: re.Match[str], after: str) -> str:
    """The name, unless something follows that is neither space, punctuation nor a mark."""
    name = match.group(1).lower()
    if after and not (after.isspace() or after in _CLOSING_MARKS or category(after)[0] == "P"):
        return ""
    # `_bob++_` is bob, emphasised; `_bob++` is a user of that name.
    if after == "_" and name[0] == "_":
        name = name[1:]
    return name if len(name) <= _NAME_MAX else ""


def words_in(text: str) -> frozenset[str]:
    """Everything in the text that may be a user's name, whole words only (P-EARN-4).

    ``_`` and ``-`` belong to names but also stand around them, so both readings are in.
    """
    words = set(_WORD.findall(text.lower()))
    marked = [word for word in words if word[0] in "_-" or word[-1] in "_-"]
    if marked:
        words.update(word.strip("_-") for word in marked)
        words.discard("")
    return frozenset(words)


def has_gif(text: str) -> bool:
    """Whether the text holds a link to a GIF (8.6)."""
    return "://" in text and any(_is_gif(link) for link in _LINK.findall(text))


def _is_gif(link: str) -> bool:
    try:
        parts = urlsplit(link.rstrip(_AFTER_LINK))
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # what people type after :// need not be an address
        return False
    return host in _GIF_HOSTS or parts.path.lower().endswith(".gif")


def emotes_in(text: str, emotes: Collection[str]) -> tuple[str, ...]:
    """The distinct emotes that stand in the text as whole tokens, in the order of the text."""
    if not emotes:
        return ()
    return tuple(dict.fromkeys(token for token in text.split() if token in emotes))
