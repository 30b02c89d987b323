"""Templates are read once and values are never interpreted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.text.templates import TemplateError, check, render, render_tolerant, variables


def test_variables_are_found() -> None:
    """A template names its variables; doubled braces are text."""
    assert variables("{user} won {amount} {{not}} {user}") == {"user", "amount"}


@pytest.mark.parametrize(
    "template",
    [
        "{",
        "}",
        "a {user",
        "user} b",
        "{}",
        "{0}",
        "{user.name}",
        "{user[0]}",
        "{user!r}",
        "{user:>10}",
        "{ user }",
        "{a-b}",
        "{{}",
        "{ü}",
        "{{user}",
        "{a{b}}",
    ],
)
def test_broken_templates_are_refused(template: str) -> None:
    """Lone braces, positions, attributes, indexes, conversions and formats are errors."""
    with pytest.raises(TemplateError):
        variables(template)
    with pytest.raises(TemplateError):
        render(template, {"user": "x"})
    assert render_tolerant(template, {"user": "x"}, "built-in") == "built-in"
    assert render_tolerant(template, {"user": "x"}) is None


def test_unknown_variable_is_named() -> None:
    """P-TXT-7: validation names the unknown variable and those that are known."""
    with pytest.raises(TemplateError, match=r"\{user\}.*\{count\}, \{currency\}"):
        check("{user} made it rain", {"count", "currency"})
    check("{count} {currency}", {"count", "currency", "amount"})
    with pytest.raises(TemplateError, match=r"\{gone\}"):
        render("{gone}", {})


def test_tolerant_rendering_leaves_no_raw_names() -> None:
    """P-TXT-1, P-TXT-2: an unknown variable is empty, an unmatched brace gives the fallback."""
    assert render_tolerant("{hero} robs {bank}!", {"bank": "the bank"}) == " robs the bank!"
    assert render_tolerant("oh {no", {}, "plan B") == "plan B"


@given(st.text(), st.text())
def test_values_stay_literal(user: str, title: str) -> None:
    """P-TXT-8: braces and percent signs of a user come out as they went in."""
    assert render("{{{user}}} %s {title}", {"user": user, "title": title}) == (
        "{" + user + "} %s " + title
    )


def test_values_are_not_rendered_again() -> None:
    """A title that names a variable is not replaced by it."""
    values = {"title": "{user} {{x}} {0}", "user": "Bob", "amount": 5}
    assert render("{title} by {user}: {amount}", values) == "{user} {{x}} {0} by Bob: 5"


@given(st.text())
def test_escaped_text_is_itself(text: str) -> None:
    """Any text with doubled braces is a template without variables that gives that text."""
    template = text.replace("{", "{{").replace("}", "}}")
    assert variables(template) == frozenset()
    assert render(template, {}) == text
