"""`docs/rules.md` says each rule in a sentence and names its tests, and each of them exists."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parents[1]
TABLE = TESTS.parent / "docs" / "rules.md"
REFERENCE = TESTS.parent / "docs" / "reference"

_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`", re.ASCII)
_SECTION = re.compile(r"([a-z-]+) ([0-9]+(?:\.[0-9]+)*)")

LAST_OF_KIND = {
    "P-MON": 17,
    "P-USR": 12,
    "P-PRES": 9,
    "P-EARN": 18,
    "P-GAM": 31,
    "P-TXT": 11,
    "P-CSS": 8,
    "P-SHOP": 8,
    "P-QUE": 9,
    "P-MSG": 15,
    "P-CFG": 10,
    "P-OPS": 14,
}
PITFALLS = {f"{kind}-{n}" for kind, last in LAST_OF_KIND.items() for n in range(1, last + 1)}
SECTIONS_WITH_TESTS = {
    *(f"earning {n}" for n in ("1", "2.1", "2.2", "2.3", "2.4", "2.5", "3.1", "3.2", "3.3")),
    *(f"earning {n}" for n in ("3.4", "3.5", "4", "5", "6", "7", "8", "8.1", "8.2", "8.3")),
    *(f"earning {n}" for n in ("8.4", "8.5", "8.6", "9.1", "9.2", "9.3", "9.4", "9.5", "10", "11")),
    *(f"gambling {n}" for n in ("1", "1.1", "1.2", "1.3", "2", "3", "4", "5", "6.2", "6.3", "6.5")),
    *(f"gambling {n}" for n in ("7.2", "7.3", "7.4", "7.5", "7.7", "7.8", "8", "9", "10", "11")),
    *(f"gambling {n}" for n in ("12", "13", "14", "15")),
    *(f"progression {n}" for n in ("1", "1.1", "2", "3")),
    *(f"spending {n}" for n in ("1", "2", "3", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7")),
    *(f"spending {n}" for n in ("4.8", "4.9", "4.10", "5", "6", "7", "7.1", "7.2", "7.3", "7.4")),
    *(f"spending {n}" for n in ("8", "9.1", "9.2", "9.3", "9.4", "10", "11", "12")),
    *(f"wallets {n}" for n in ("3", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "4.8", "5")),
}


class Row(NamedTuple):
    """A line of a table; ``tests`` is None where the table names none."""

    id: str
    sentence: str
    tests: str | None


@cache
def rows() -> tuple[Row, ...]:
    """The lines of all tables, without their heads."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:2] == "| "]
    assert all(len(each) in {2, 3} for each in cells), "a line has an id, a sentence and its tests"
    return tuple(
        Row(each[0], each[1], each[2] if len(each) == 3 else None)
        for each in cells
        if each[0] != "Id"
    )


@cache
def functions_in(path: str) -> frozenset[str]:
    """The names of the functions of a file, those in classes included."""
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, kinds))


def _page(name: str) -> Path:
    """A page of the reference, or one that stands beside it."""
    found = REFERENCE / f"{name}.md"
    return found if found.is_file() else REFERENCE.parent / f"{name}.md"


def test_each_rule_has_its_line() -> None:
    """Every pitfall stands in the tables once; earning, standing, spending and games by section."""
    named = Counter(row.id for row in rows())
    assert [each for each in sorted(PITFALLS) if named[each] != 1] == []
    assert [each for each in sorted(SECTIONS_WITH_TESTS) if not named[each]] == []


def test_an_id_is_a_pitfall_or_a_section_of_the_reference() -> None:
    """A line begins with an id that can be looked up."""
    unknown = []
    for row in rows():
        section = _SECTION.fullmatch(row.id)
        if row.id not in PITFALLS and not (section and _page(section[1]).is_file()):
            unknown.append(row.id)
    assert unknown == []


def test_each_rule_is_a_sentence_of_its_own() -> None:
    """A rule is said in a whole sentence, and no sentence stands for two rules."""
    sentences = Counter(row.sentence for row in rows())
    assert [each for each, count in sentences.items() if count > 1] == []
    assert [each for each in sentences if not each.endswith(".") or len(each.split()) < 4] == []


def test_every_rule_names_its_tests() -> None:
    """No rule, and no mistake of the past, is left without a test."""
    assert [row.id for row in rows() if row.tests is None] == []


def test_the_tests_of_each_rule_exist() -> None:
    """Each line names tests by path and name, nothing else, and they are there."""
    for row in rows():
        if row.tests is None:
            continue
        named = _TEST.findall(row.tests)
        assert named, row.id
        assert _TEST.sub("", row.tests).strip() == "", row.id
        assert [name for path, name in named if name not in functions_in(path)] == [], row.id
