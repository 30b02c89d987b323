"""The tables name all that is registered, and what holds for all of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.actors.api.helpers import Api
from tests.actors.api.strangers import LEAKS
from tests.actors.conftest import VirtualLoop
from tests.actors.house import CHANNEL, settings_with
from tests.actors.rows import config_rows, test_by_pm, test_by_request
from tests.actors.rows.walk import Fields, Row, balances, channel, complete, everything_on, walk

from economy_actors.handlers.answers import Done
from economy_actors.handlers.registry import COMMANDS, REQUESTS, ApiCall, PmCall, command, request
from economy_actors.handlers.reloading import note_settings
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings, load

BY_PM = (*(row for rows in test_by_pm.TABLES.values() for row in rows), *config_rows.COMMANDS)
BY_REQUEST = (
    *(row for rows in test_by_request.TABLES.values() for row in rows),
    *config_rows.REQUESTS,
)


@pytest.fixture
def anyio_backend() -> object:
    """One loop, on virtual time: many rows share a house."""
    return "asyncio", {"loop_factory": VirtualLoop}


def test_each_command_has_its_row() -> None:
    """A command without a row, a row without a command, and a row without one of the three."""
    complete(BY_PM, by_pm=True)


def test_each_request_has_its_row() -> None:
    """The same for requests."""
    complete(BY_REQUEST, by_pm=False)


@pytest.mark.parametrize("by_pm", [True, False])
def test_a_row_that_is_missing_or_names_nothing_is_noticed(by_pm: bool) -> None:
    """So is a row that leaves out one of the three cases."""
    rows = BY_PM if by_pm else BY_REQUEST
    for broken in (
        rows[1:],
        (*rows, Row("nonsense", *rows[0].steps)),
        (*rows, rows[0]),
        (Row(rows[0].name, rows[0].steps[0]), *rows[1:]),
    ):
        with pytest.raises(AssertionError):
            complete(broken, by_pm=by_pm)


@asynccontextmanager
async def with_file(folder: Path, **more: Any) -> AsyncIterator[Api]:
    """A channel whose configuration is a file."""
    path = folder / "config.yaml"
    path.write_text(config_rows.FILE, encoding="utf-8")
    async with channel(folder, **more) as it:
        live, loaded = it.house.context.live, load(path, {})
        live.path = path
        live.swap(loaded.settings, loaded)
        await note_settings(it.house.context, "start")
        yield it


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=False)
@pytest.mark.parametrize("by_pm", [True, False], ids=["pm", "request"])
async def test_the_configuration_is_shown_read_and_reverted(tmp_path: Path, by_pm: bool) -> None:
    """The file is read in a thread, so this one runs on real time."""
    async with with_file(tmp_path) as it:
        rows = config_rows.COMMANDS if by_pm else config_rows.REQUESTS
        await walk(it, rows, by_pm=by_pm)


def test_what_is_registered_anew_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registering is enough: nobody has to remember the tables."""
    for table, names in (
        (COMMANDS, ("_handlers", "_specs", "_by_word")),
        (REQUESTS, ("_by_name",)),
    ):
        for name in names:
            monkeypatch.setattr(table, name, dict(getattr(table, name)))

    @command("juggle", summary="three balls", section=Section.BASICS)
    async def juggle(_call: PmCall) -> str:
        return "Well done."

    @request("toy.juggle")
    async def toy_juggle(_call: ApiCall) -> Done:
        return Done({})

    assert COMMANDS.find("juggle") is not None
    assert REQUESTS.find("toy.juggle") is not None
    with pytest.raises(AssertionError, match="nobody tries it"):
        complete(BY_PM, by_pm=True)
    with pytest.raises(AssertionError, match="nobody tries it"):
        complete(BY_REQUEST, by_pm=False)


async def test_all_admin_commands_need_admin_rights(tmp_path: Path) -> None:
    """Whatever is written behind them, they do nothing for others."""
    async with channel(tmp_path) as it:
        before = balances(it.house)
        for spec in COMMANDS:
            if spec.section is Section.ADMIN:
                for rest in ("", " @bob 5 5 5"):
                    [answer] = await it.house.pm("Alice", spec.name + rest)
                    assert answer == f"'{spec.name}' needs admin rights in this channel."
        assert balances(it.house) == before


async def test_the_banned_may_use_no_command_but_those_for_them(tmp_path: Path) -> None:
    """Neither to look nor to pay; only what everybody may do."""
    async with channel(tmp_path) as it:
        before = balances(it.house)
        for spec in COMMANDS:
            if spec.section is not Section.ADMIN:
                [answer] = await it.house.pm("Mallory", spec.name)
                assert ("is suspended" in answer) != spec.for_banned, spec.name
        assert balances(it.house) == before


ODD = ("-1", "9" * 25, '" @@ | ½', "@nemo 1.5 %s{0}", "open 0 0 |")
"""What no command takes as it stands; nobody is called Nemo."""


async def test_what_no_command_can_read_breaks_nothing(tmp_path: Path) -> None:
    """Each command answers it in words, shows nothing of the inside and moves no money."""
    async with channel(tmp_path) as it:
        before = balances(it.house)
        for spec in COMMANDS:
            for odd in ODD:
                answers = await it.house.pm("Boss" if spec.admin else "Alice", f"{spec.name} {odd}")
                assert answers, (spec.name, odd)
                assert not any(LEAKS.search(each) for each in answers), answers
                assert "went wrong" not in "".join(answers), (spec.name, odd)
        assert {k: z for k, z in balances(it.house).items() if z} == {
            k: z for k, z in before.items() if z
        }


def everything_off() -> Settings:
    """All that can be switched off is."""
    off: dict[str, Any] = {"enabled": False}
    return settings_with(
        commands={"rate_limit_per_minute": 10_000},
        onboarding={"welcome_wallet": 0},
        gambling=off,
        tipping=off,
        bounties=off,
        shop=off,
        daily_fortune=off,
    )


async def test_commands_that_are_switched_off_say_so(tmp_path: Path) -> None:
    """Only what has begun is brought to its end."""
    on, off = everything_on(), everything_off()
    async with channel(tmp_path, off) as it:
        before = balances(it.house)
        switched = [spec for spec in COMMANDS if spec.enabled(on) and not spec.enabled(off)]
        assert len(switched) > 20, switched
        for spec in switched:
            answers = await it.house.pm("Boss", spec.name)
            expected = f"'{spec.name}' is switched off in this channel."
            assert (answers == [expected]) != spec.finishes, (spec.name, answers)
        assert balances(it.house) == before
        assert all(spec.enabled(on) for spec in COMMANDS)


async def _told(it: Api, name: str, body: Fields) -> tuple[str, str]:
    answer = await it.raw({"command": name} | body)
    assert answer["success"] is False, answer
    return answer["error_code"], answer["error"]


async def test_requests_of_a_channel_need_one_that_is_served(tmp_path: Path) -> None:
    """None, another one and no name at all are each told; those of no channel ask for none."""
    async with channel(tmp_path) as it:
        before = balances(it.house)
        for spec in REQUESTS:
            if not spec.channel:
                continue
            cases: tuple[tuple[str, Fields], ...] = (
                ("unknown_channel", {"channel": "Elsewhere"}),
                ("invalid_request", {"channel": 5}),
                ("invalid_request", {}),
            )
            for code, given in cases:
                if given or not spec.only_channel:
                    assert (await _told(it, spec.name, given))[0] == code, (spec.name, given)
        assert balances(it.house) == before


async def test_requests_about_a_user_need_a_name(tmp_path: Path) -> None:
    """Without one, and with what is no text, nothing is done; nobody has an impossible one."""
    async with channel(tmp_path) as it:
        before = balances(it.house)
        for spec in REQUESTS:
            if not spec.user:
                continue
            for code, name in (
                ("invalid_request", None),
                ("invalid_request", 5),
                ("invalid_request", ["alice"]),
                ("not_found", "a.b"),
            ):
                told = await _told(it, spec.name, {"channel": CHANNEL, "username": name})
                assert told[0] == code, (spec.name, name, told)
                assert "username" in told[1]
        assert balances(it.house) == before


async def test_requests_that_change_something_need_a_token_where_one_is_asked_for(
    tmp_path: Path,
) -> None:
    """Without one all of them are refused, and those that only read are answered."""
    auth = {
        "enabled": True,
        "jwks": str(tmp_path / "keys.json"),
        "issuer": "https://id.test",
        "audience": "economy",
    }
    (tmp_path / "keys.json").write_text('{"keys": []}', encoding="utf-8")
    async with channel(tmp_path, settings_with(api_auth=auth)) as it:
        before = balances(it.house)
        for spec in REQUESTS:
            body = {"command": spec.name, "channel": CHANNEL, "username": "alice"}
            code = (await it.raw(body)).get("error_code")
            assert (code == "unauthorized") == spec.changes, (spec.name, code)
        assert balances(it.house) == before
