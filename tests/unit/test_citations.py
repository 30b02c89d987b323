"""What comments and pages cite is in the repository: pages, sections and rules by their ids."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"

PLACES = ("src", "actors", "tests", "docs", "ops", ".ci")
FILES = ("README.md", "config.example.yaml", "justfile", "pyproject.toml")
TEXTS = {".py", ".md", ".sql", ".yaml", ".yml", ".toml", ".conf", ".service", ".json", ""}

# Written in pieces, so that this file does not cite what it looks for.
ELSEWHERE = re.compile("|".join(("spec" + r"/[a-z]", r"\bdesign" + r"\.md", r"\bstyle" + r"\.md")))

PAGES = (
    "admin-api",
    "announcements",
    "architecture",
    "commands",
    "config",
    "earning",
    "gambling",
    "metrics",
    "progression",
    "spending",
    "storage",
    "wire",
)
_NUMBER = r"(?:S[0-9]+|[0-9]+(?:\.[0-9]+)*)(?![%\w])"
_CITED = re.compile(
    rf"(?<![\w/.-])(?:reference/)?({'|'.join(PAGES)})\.md(?:\)|`)*"
    rf"((?:,? (?:sections? |and |to )?{_NUMBER})+)",
)
_PITFALL = re.compile(r"P-[A-Z]{2,4}-[0-9]+")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _texts() -> list[Path]:
    found = [ROOT / name for name in FILES]
    for place in PLACES:
        found += (path for path in (ROOT / place).rglob("*") if path.suffix in TEXTS)
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


@cache
def _contents() -> dict[str, str]:
    """Every text, each of its breaks and comment marks one space: a citation may be broken."""
    marks = re.compile(r"\s*\n\s*(?:#|--|\*|>)?\s*")
    return {
        str(path.relative_to(ROOT)): marks.sub(" ", path.read_text(encoding="utf-8"))
        for path in _texts()
    }


@cache
def _sections(page: str) -> frozenset[str]:
    """The numbers of a page: its headings, its numbered facts, its rules by letter."""
    folder = REFERENCE.parent if page == "architecture" else REFERENCE
    text = (folder / f"{page}.md").read_text(encoding="utf-8")
    found: set[str] = set()
    heading = ""
    for line in text.splitlines():
        if match := re.match(r"#+ ([0-9]+(?:\.[0-9]+)*)\b", line):
            heading = match[1]
            found.add(heading)
        elif match := re.match(r"([0-9]+)\. ", line):
            found.add(f"{heading}.{match[1]}")
        elif match := re.match(r"\| (S[0-9]+) \|", line):
            found.add(match[1])
    return frozenset(found)


def test_nothing_cites_a_file_that_the_repository_lacks() -> None:
    """Rules are cited by their id or by a page of the project's own docs."""
    assert [name for name, text in _contents().items() if ELSEWHERE.search(text)] == []


def test_every_cited_section_exists() -> None:
    """Whoever follows a citation finds its page and its number."""
    lost = []
    cited = 0
    for name, text in _contents().items():
        for match in _CITED.finditer(text):
            for number in re.findall(_NUMBER, match[2]):
                cited += 1
                if number not in _sections(match[1]):
                    lost.append(f"{name}: {match[1]}.md {number}")
    assert lost == []
    assert cited > 200, "citations are found at all"


def test_every_cited_rule_is_in_the_index() -> None:
    """An id in a comment can be looked up in docs/rules.md."""
    index = set(_PITFALL.findall((ROOT / "docs" / "rules.md").read_text(encoding="utf-8")))
    cited = {each for text in _contents().values() for each in _PITFALL.findall(text)}
    assert sorted(cited - index) == []


def test_links_between_pages_lead_somewhere() -> None:
    """A relative link of a page names a file that is there."""
    lost = []
    for path in _texts():
        if path.suffix != ".md":
            continue
        lost += [
            f"{path.relative_to(ROOT)}: {target}"
            for target in _LINK.findall(path.read_text(encoding="utf-8"))
            if "://" not in target and not (path.parent / target).exists()
        ]
    assert lost == []
