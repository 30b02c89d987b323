"""A topic is one module: registered where it is written, found by itself, driven to the reply."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.actors.api.helpers import api

from economy_actors import handlers
from economy_actors.handlers.registry import COMMANDS, REQUESTS, command, request
from kryten_economy.commands.table import Section

TOY = '''
"""A toy topic."""

from economy_actors.handlers.answers import Code, Done, Refused
from economy_actors.handlers.fields import Count
from economy_actors.handlers.registry import command, request
from kryten_economy.commands.table import Section

TIMES = Count("times", default=1, low=1, high=9)


@command("echo", syntax="echo <text>", summary="says it again", section=Section.INFO, reads=True)
async def echo(call):
    text = call.parsed.text()
    return _again(text, 2) if text else call.usage()


@request("toy.echo", TIMES, user=True)
async def toy_echo(call):
    if call.name == "Nobody":
        return Refused(Code.NOT_FOUND, "There is nobody.")
    return Done({"said": _again(call.name, call.field(TIMES))})


def _again(text, times):
    return " ".join([text] * times)
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module that lies among the topics for the time of a test."""
    folder = tmp_path / "topics"
    folder.mkdir()
    (folder / "toy.py").write_text(TOY)
    for table, names in (
        (COMMANDS, ("_handlers", "_specs", "_by_word")),
        (REQUESTS, ("_by_name",)),
    ):
        for name in names:
            monkeypatch.setattr(table, name, dict(getattr(table, name)))
    monkeypatch.setattr(handlers, "__path__", [*handlers.__path__, str(folder)])
    handlers.load()
    yield
    del sys.modules["economy_actors.handlers.toy"]
    del cast("Any", handlers).toy


async def test_a_new_topic_is_one_file(tmp_path: Path, toy: None) -> None:
    """Its command answers by PM and stands in help, its request answers on the bus; both count."""
    async with api(tmp_path) as it:
        await it.house.join("Alice")
        assert await it.house.pm("Alice", "echo hello there") == ["hello there hello there"]
        assert "Usage: echo <text>" in (await it.house.pm("Alice", "echo"))[0]
        assert "echo" in "\n".join(await it.house.pm("Alice", "help"))
        assert "says it again" in (await it.house.pm("Alice", "help echo"))[0]
        assert (await it.data("toy.echo", username="Bob", times=3))["said"] == "Bob Bob Bob"
        assert await it.refused("toy.echo", username="Nobody") == ("not_found", "There is nobody.")
        assert (await it.refused("toy.echo"))[0] == "invalid_request"
        assert it.counted("toy.echo", "ok") == 1
        page = it.house.context.metrics.render().decode()
        assert 'economy_pm_commands_total{command="echo",result="ok"} 1.0' in page
        assert 'economy_pm_commands_total{command="echo",result="refused"} 1.0' in page


async def _nothing(_: object) -> str:
    return ""


def test_a_command_without_handler_can_not_be_registered() -> None:
    """Nor can two of one name or alias, in whatever spelling."""
    before = len(list(COMMANDS)), len(list(REQUESTS))
    with pytest.raises(TypeError, match="nothing needs a function"):
        command("nothing", summary="", section=Section.INFO)(cast("Any", None))
    with pytest.raises(TypeError, match="toy needs a function"):
        request("toy")(cast("Any", None))
    for name, aliases in (("balance", ()), ("Set-Balance", ()), ("other", ("lb",))):
        with pytest.raises(ValueError, match="share the word"):
            command(name, summary="", section=Section.INFO, aliases=aliases)(_nothing)
    with pytest.raises(ValueError, match=r"two requests are called balance\.get"):
        request("balance.get")(cast("Any", _nothing))
    with pytest.raises(ValueError, match="begin with its name"):
        command("other", syntax="else", summary="", section=Section.INFO)(_nothing)
    assert (len(list(COMMANDS)), len(list(REQUESTS))) == before
