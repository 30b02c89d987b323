"""What the pages of docs/ tell a reader to type, taken from the pages themselves."""

import re
from pathlib import Path

__all__ = ("DOCS", "ROOT", "blocks", "command_lines", "page", "section", "spans")

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_PROGRAM = r"kryten-economy(?:-prune)?"
_LINE = re.compile(rf"(?:/\S*/|.*-- )?(?P<line>{_PROGRAM}(?: .*)?)")


def page(name: str) -> str:
    """A page of docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    level = heading.split(maxsplit=1)[0]
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"the page has no heading {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def blocks(text: str) -> list[list[str]]:
    """The lines of each block that is typed as it stands: those without a language."""
    found = [body for language, body in _FENCE.findall(text) if not language]
    return [[line for line in body.splitlines() if line.strip()] for body in found]


def spans(text: str) -> list[str]:
    """Everything in code font but the blocks, each once; a table's ``\\|`` is a ``|``."""
    plain = _FENCE.sub("", text)
    return list(dict.fromkeys(each.replace(r"\|", "|") for each in _SPAN.findall(plain)))


def command_lines(text: str) -> list[str]:
    """Each line or span that runs one of our programs, from the program's name on."""
    typed = [line.strip() for block in blocks(text) for line in block] + spans(text)
    return [found["line"] for each in typed if (found := _LINE.fullmatch(each))]
