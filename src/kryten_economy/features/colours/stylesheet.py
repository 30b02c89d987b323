"""The managed block in a channel's stylesheet: text in, text out (`spending.md` 9.4).

Everything outside of the block is somebody's work and stays as it is, byte by byte. What is found
inside and is no rule of ours moves out verbatim; nothing that a person wrote is ever lost. The
block itself is made anew each time, so that doing it twice changes nothing.

Rules that older services left behind a marker of theirs are taken into the block. Protected users
are nobody's business here: theirs stay where they are, or move out of the block as they are.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, NamedTuple

from kryten_economy.config.vanity import ChatColor
from kryten_economy.features.colours.rules import parsed_colour
from kryten_economy.text.markup import units

__all__ = ("CSS_UNITS_MAX", "Damaged", "Owner", "Restyled", "Terms", "restyled", "shown_colour")

CSS_UNITS_MAX: Final = 20_000
"""CyTube cuts what is longer, without a word."""

_NAME = r"[A-Za-z0-9_-]{1,30}"
_SAFE_NAME = re.compile(_NAME, re.ASCII)
_SAFE_VALUE = re.compile(r"[#A-Za-z0-9(),.% ]+", re.ASCII)
_COLOUR_ONLY = re.compile(
    r"\s*color\s*:\s*(?P<value>[^;{}!]*?)\s*(?:!\s*important)?\s*;?\s*", re.IGNORECASE
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SPACE = re.compile(r"\s*")
_STRUCTURE = re.compile(r"[{};]")


class Owner(NamedTuple):
    """Who owns a colour, as the books know it; ``present_as`` is how they spell it just now."""

    display_name: str
    colour: str
    present_as: str | None = None


class Terms:
    """How the block is written and who is left alone."""

    def __init__(self, settings: ChatColor, bot: str) -> None:
        self.begin = settings.css_block_begin
        self.end = settings.css_block_end
        self.legacy = settings.css_legacy_marker
        self.keeps_found = settings.import_existing_colors
        self.protected = frozenset(name.lower() for name in (*settings.protected_users, bot))
        self._template = settings.css_selector_template
        before, *others = map(re.escape, self._template.split("{username}"))
        # A template may name the user twice: it has to be the same one then.
        pattern = f"{before}(?P<name>{_NAME})" + "(?P=name)".join(others)
        self._selector = re.compile(pattern, re.ASCII)

    @property
    def usable(self) -> bool:
        """Whether the markers can be told from each other and from the rest."""
        return bool(self.begin and self.end) and not (
            self.begin in self.end or self.end in self.begin
        )

    def rule(self, name: str, value: str) -> str:
        """The line of a user."""
        return f"{self._template.replace('{username}', name)} {{ color: {value}; }}"

    def user_of(self, selector: str) -> str | None:
        """Whom a selector of our kind names."""
        found = self._selector.fullmatch(selector.strip())
        return None if found is None else found.group("name")


@dataclass(frozen=True, slots=True)
class Damaged:
    """The block's markers don't come in pairs: only a person can tell what belongs to it."""


class Restyled(NamedTuple):
    """The whole stylesheet; ``found`` are hex colours by name that only the stylesheet knew."""

    text: str
    found: Mapping[str, str]
    managed: int
    changed: bool

    @property
    def too_long(self) -> bool:
        """Whether CyTube would cut it."""
        return units(self.text) > CSS_UNITS_MAX


class _Found(NamedTuple):
    name: str
    value: str


def restyled(
    css: str,
    owners: Collection[Owner],
    terms: Terms,
    *,
    disowned: AbstractSet[tuple[str, str]] = frozenset(),
) -> Restyled | Damaged:
    """The stylesheet with the owners' colours in the block, at its end.

    ``disowned`` are lower-case names with colours that nobody has paid for.
    """
    parts = _split(css, terms)
    if parts is None:
        return Damaged()
    rest, block = parts
    managed, others = _read_block(block, terms)
    rest, legacy = _without_legacy(_followed_by(rest.rstrip(), others), terms)
    found = {
        name: each
        for each in (*legacy, *managed)
        if ((name := each.name.lower()), parsed_colour(each.value)) not in disowned
    }
    lines = _lines(owners, found, terms)
    head, written = rest.rstrip(), "\n".join([terms.begin, *lines, terms.end])
    text = f"{head}\n\n{written}\n" if head else f"{written}\n"
    known = {each.display_name.lower() for each in owners}
    fresh = {
        each.name: colour
        for name, each in found.items()
        if terms.keeps_found and name not in known and (colour := parsed_colour(each.value))
    }
    return Restyled(text, fresh, len(lines), text.strip() != css.strip())


def shown_colour(css: str, name: str, terms: Terms) -> str | None:
    """The colour that the block shows for a user now."""
    parts = _split(css, terms)
    if parts is None:
        return None
    managed, _ = _read_block(parts[1], terms)
    shown = {each.name.lower(): each.value for each in managed}.get(name.lower())
    return None if shown is None else parsed_colour(shown)


def _lines(owners: Collection[Owner], found: Mapping[str, _Found], terms: Terms) -> list[str]:
    """The rules of the block in their order; the books win over what was found."""
    rules: dict[str, str] = {}
    if terms.keeps_found:
        rules |= {name: terms.rule(each.name, each.value) for name, each in found.items()}
    for owner in owners:
        name, colour = owner.display_name.lower(), parsed_colour(owner.colour)
        if colour is not None and _SAFE_NAME.fullmatch(name) and name not in terms.protected:
            rules[name] = terms.rule(_spelled(owner, found.get(name)), colour)
    return [rule for _, rule in sorted(rules.items())]


def _spelled(owner: Owner, found: _Found | None) -> str:
    """CyTube's classes heed the case of a name, so the best witness of it counts (P-USR-3)."""
    stored, present_as = owner.display_name, owner.present_as
    if present_as is not None and present_as.lower() == stored.lower():
        return present_as
    return stored if found is None or stored != stored.lower() else found.name


# Taking the stylesheet apart


def _split(css: str, terms: Terms) -> tuple[str, str] | None:
    """What is outside of the block and what inside; None where the markers are in disorder."""
    if not terms.usable:
        return None
    pair = re.compile(f"{re.escape(terms.begin)}(.*?){re.escape(terms.end)}", re.DOTALL)
    pairs = list(pair.finditer(css))
    if not len(pairs) == css.count(terms.begin) == css.count(terms.end):
        return None
    rest = _without(css, [each.span() for each in pairs])
    return rest, "\n".join(each.group(1) for each in pairs)


def _read_block(block: str, terms: Terms) -> tuple[list[_Found], list[str]]:
    """Our rules, and what else there is; rules that can't be written again are dropped."""
    managed: list[_Found] = []
    others: list[str] = []
    for statement in _statements(block):
        name, value = _our_rule(statement, terms)
        if name is None or value is None or name.lower() in terms.protected:
            if statement != terms.legacy.strip():
                others.append(statement)
        elif _SAFE_VALUE.fullmatch(value):
            managed.append(_Found(name, value))
    return managed, others


def _our_rule(statement: str, terms: Terms) -> tuple[str | None, str | None]:
    """Whose rule it is, and its colour if it says nothing else."""
    selector, brace, body = statement.partition("{")
    name = terms.user_of(selector) if brace and body.endswith("}") else None
    colour = None if name is None else _COLOUR_ONLY.fullmatch(body[:-1])
    return name, None if colour is None else colour.group("value").strip()


def _without_legacy(css: str, terms: Terms) -> tuple[str, list[_Found]]:
    """Take each rule behind a legacy marker out; that of a protected user only loses its marker.

    From the last one on, so that a marker before a marker sees what comes after both.
    """
    taken: list[_Found] = []
    at = css.rfind(terms.legacy) if terms.legacy else -1
    while at >= 0:
        begin = _past_space(css, at + len(terms.legacy))
        end = _statement_end(css, begin)
        name, value = _our_rule(css[begin:end], terms)
        if name is not None and name.lower() in terms.protected:
            css = css[:at] + css[begin:]
        elif name is not None and value is not None:
            css = _without(css, [(at, end)])
            if _SAFE_VALUE.fullmatch(value):
                taken.append(_Found(name, value))
        at = css.rfind(terms.legacy, 0, at)
    return css, taken[::-1]


def _statements(css: str) -> Iterator[str]:
    """Comments and rules, one after the other, as they are written."""
    at = _past_space(css, 0)
    while at < len(css):
        end = _statement_end(css, at)
        yield css[at:end].rstrip()
        at = _past_space(css, end)


def _statement_end(css: str, at: int) -> int:
    """Behind the comment that begins here, or the rule with all that is in its braces."""
    comment = _COMMENT.match(css, at)
    if comment is not None:
        return comment.end()
    depth = 0
    for sign in _STRUCTURE.finditer(css, at):
        depth += {"{": 1, "}": -1, ";": 0}[sign.group()]
        if depth <= 0:
            return sign.end()
    return len(css)


def _past_space(css: str, at: int) -> int:
    space = _SPACE.match(css, at)
    assert space is not None
    return space.end()


def _without(css: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text without these pieces; where one was, no more than one line stays empty."""
    kept, at = "", 0
    for place, (begin, end) in enumerate([*spans, (len(css), len(css))]):
        piece, at = css[at:begin], end
        newlines = len(kept) - len(kept.rstrip("\n")) + len(piece) - len(piece.lstrip("\n"))
        if place and newlines > 2:
            kept, piece = kept.rstrip("\n") + "\n\n", piece.lstrip("\n")
        kept += piece
    return kept


def _followed_by(rest: str, others: Sequence[str]) -> str:
    return "\n".join([*([rest] if rest else []), *others])
