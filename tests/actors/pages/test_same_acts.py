"""The pages have no acts of their own: what changes the books goes through a member's session."""

import ast
from collections.abc import Iterator
from pathlib import Path

import economy_actors.pages

PAGES = Path(economy_actors.pages.__file__).parent
KIT = {"app.py", "api.py", "codes.py", "gate.py", "json_api.py", "security.py", "sign_in.py"}
"""What lets people and scripts in: it makes, notes and ends sessions and uses of keys, no more."""
MAY_COMMIT = "economy_actors.messages.ledger"


def _imports(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", each.name) for each in node.names)
        elif isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names)


def _acts(module: str, name: str) -> bool:
    """Whether what is imported can change the books."""
    if module == MAY_COMMIT:
        return name in {"commit", "Commit"}
    if module.endswith((".operations", "messages.ledger")) or name == "operations":
        return True
    return name in {"Act", "operation"} and module.startswith("kryten_economy")


def test_no_page_has_an_act_of_its_own() -> None:
    """Only what lets people in writes to the books; a page asks the session, as a PM does."""
    found = {
        (path.name, module, name)
        for path in PAGES.rglob("*.py")
        if path.name not in KIT
        for module, name in _imports(path)
        if _acts(module, name)
    }
    assert found == set()


def test_what_a_page_may_not_import_is_noticed(tmp_path: Path) -> None:
    """Whichever way it is imported."""
    bad = tmp_path / "bad.py"
    bad.write_text(
        "from economy_actors.messages.ledger import commit\n"
        "from kryten_economy.features.money.operations import Credit\n"
        "from kryten_economy.features.money import operations\n"
        "import kryten_economy.features.money.operations\n"
        "from kryten_economy.ledger.operation import Act\n"
    )
    assert all(_acts(module, name) for module, name in _imports(bad))
    good = tmp_path / "good.py"
    good.write_text(
        "from economy_actors.messages.ledger import query\n"
        "from kryten_economy.features.reports.queries import Reports\n"
    )
    assert not any(_acts(module, name) for module, name in _imports(good))
