"""The pages have no acts of their own: what changes the books goes through a member's session."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import economy_actors.pages
from economy_actors.messages import ledger
from kryten_economy.ledger.operation import Request

PAGES = Path(economy_actors.pages.__file__).parent
KIT = {"codes.py", "gate.py", "sign_in.py"}
"""What lets people and scripts in: it makes and ends sessions, notes uses of keys, no more."""
COMMITS = (ledger.commit, ledger.Commit)


def _named(path: Path) -> Iterator[tuple[str, object]]:
    """What a module imports by name, and what it takes out of modules that it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules: dict[str, ModuleType] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_OURS):
            for each in node.names:
                found = _found(str(node.module), each.name)
                yield each.name, found
                if isinstance(found, ModuleType):
                    modules[each.asname or each.name] = found
        elif isinstance(node, ast.Import):
            # With its whole path it would be used piece by piece; ours are imported by name.
            yield from ((each.name, None) for each in node.names if each.name.startswith(_OURS))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            yield node.attr, getattr(module, node.attr, "") if module is not None else ""


_OURS = ("economy_actors", "kryten_economy")


def _found(module: str, name: str) -> object:
    found = import_module(module)
    return getattr(found, name) if hasattr(found, name) else import_module(f"{module}.{name}")


def _acts(path: Path) -> set[str]:
    """By which of its names a module could change the books."""
    return {
        name
        for name, value in _named(path)
        if value is None
        or any(value is each for each in COMMITS)
        or (isinstance(value, type) and issubclass(value, Request))
    }


def test_no_page_has_an_act_of_its_own() -> None:
    """Only what lets people in writes to the books; a page asks the session, as a PM does."""
    found = {path.name: _acts(path) for path in PAGES.rglob("*.py") if path.name not in KIT}
    assert {name: acts for name, acts in found.items() if acts} == {}


def test_what_a_page_may_not_name_is_noticed(tmp_path: Path) -> None:
    """Whichever way it is imported."""
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import kryten_economy.ledger\n"
        "from economy_actors.messages.ledger import commit\n"
        "from kryten_economy.features.money.operations import Credit\n"
        "from kryten_economy.features.money import operations as acts\n"
        "acts.Debit\n"
    )
    assert _acts(bad) == {"kryten_economy.ledger", "commit", "Credit", "Debit"}
    good = tmp_path / "good.py"
    good.write_text(
        "from economy_actors.messages.ledger import query\n"
        "from kryten_economy.features.reports.queries import Reports\n"
    )
    assert _acts(good) == set()
