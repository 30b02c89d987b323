"""`kryten-economy what-if` beside a running service: what is told, and that nothing is touched."""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.actors.games.day import every_game, play_every_game
from tests.actors.house import CHANNEL, NO_TRIGGERS, House, house, settings_with

from kryten_economy.cli.main import main
from kryten_economy.config import Settings

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
"""What is read is the same on both backends."""


def written(path: Path, database: Path, **sections: Any) -> str:
    """A configuration file of the channel of the house."""
    base: dict[str, Any] = {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": CHANNEL}],
        "database": {"path": str(database)},
    }
    path.write_text(json.dumps(base | sections), encoding="utf-8")
    return str(path)


def of(settings: Settings, **more: Any) -> dict[str, Any]:
    """The sections that a file needs to say the same as the settings."""
    plain = settings.model_dump(mode="json", exclude={"nats", "channels", "database", "service"})
    return plain | more


def contents(folder: Path) -> dict[str, str]:
    """What stands in the files of the books."""
    files = (folder / "economy.db", folder / "economy.db-wal")
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


async def talk(h: House) -> None:
    await h.join("Alice")
    await h.join("Bob")
    for _ in range(3):
        await h.chat("Bob", "alice++ well said")


def paying(kudos: int) -> dict[str, Any]:
    """Nothing but kudos and the welcome pays."""
    chat = {**NO_TRIGGERS["chat_triggers"], "kudos_received": {"reward": kudos}}
    return {"chat_triggers": chat, "onboarding": {"welcome_wallet": 100}}


PAYS = paying(3)


async def test_one_reward_is_told_before_and_after_while_the_service_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kudos pay 10 instead of 3: three of them make 21 more, and the books stay as they were."""
    async with house(tmp_path / "economy.db", settings_with(**PAYS)) as h:
        await talk(h)
        now = written(tmp_path / "now.yaml", h.path, **of(settings_with(**PAYS)))
        new = written(tmp_path / "new.yaml", h.path, **of(settings_with(**paying(10))))
        page = tmp_path / "page.html"
        before = contents(tmp_path)
        found = main(["--config", now, "what-if", "--config", new, "--html", str(page)])
        assert found == 0
        assert contents(tmp_path) == before
        assert h.balance("Alice") == 109
        await h.chat("Bob", "alice++ once more")
        assert h.balance("Alice") == 112
    told = capsys.readouterr().out
    assert "chat_triggers.kudos_received.reward: 3 -> 10  [exact]" in told
    assert re.search(r"supply \(wallets and holds\) +209 +230 +\+21 \(\+10\.0%\)", told)
    assert re.search(r"chat\.kudos_received +9 +30 +\+21", told)
    assert re.search(r"onboarding\.wallet +200 +200 +=", told)
    assert "Supply at the end of each day" in told
    assert "\x1b" not in told
    _stands_alone(page.read_text(encoding="utf-8"))


def _stands_alone(page: str) -> None:
    """Charts are drawings in the page: no script, and no address but the name of the format."""
    assert page.count("<svg") == 3  # supply, what came in, prices
    assert "<script" not in page
    assert "src=" not in page
    assert "@import" not in page
    assert set(re.findall(r"https?://[^\"' <]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "230" in page


async def test_every_game_stays_what_it_was_and_the_same_seed_says_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unchanged, nobody has another coin; another chance of the coin is drawn by the seed."""
    async with house(tmp_path / "economy.db", every_game()) as h:
        await play_every_game(h, times=2)
    database = tmp_path / "economy.db"
    now = written(tmp_path / "now.yaml", database, **of(every_game()))
    assert main(["--config", now, "what-if", "--config", now]) == 0
    told = capsys.readouterr().out
    assert "The two configurations say the same." in told
    changes = [line.rsplit("  ", 1)[-1].strip() for line in _rows(told)]
    assert set(changes) == {"="}
    plain = of(every_game())
    plain["gambling"]["flip"]["win_chance"] = 0.9
    new = written(tmp_path / "new.yaml", database, **plain)
    answers = []
    for seed in ("7", "7"):
        assert main(["--config", now, "what-if", "--config", new, "--seed", seed]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]
    assert "gambling.flip.win_chance: 0.45 -> 0.9  [approximate]" in answers[0]


def _rows(told: str) -> list[str]:
    """The lines of the tables."""
    return [line for line in told.splitlines() if re.search(r"\d  +(=|[+-]\d)", line)]


async def test_what_can_not_be_done_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No books, a channel they don't know, a file that is none, days that are none."""
    async with house(tmp_path / "economy.db", settings_with(**PAYS)) as h:
        await talk(h)
    now = written(tmp_path / "now.yaml", tmp_path / "economy.db")

    def refused(*more: str) -> str:
        assert main(["--config", now, "what-if", *more]) == 1
        return capsys.readouterr().err

    nowhere = str(tmp_path / "nowhere.db")
    assert nowhere in refused("--config", now, "--database", nowhere)
    assert f"the books know: {CHANNEL}" in refused("--config", now, "--channel", "Elsewhere")
    assert "missing.yaml" in refused("--config", str(tmp_path / "missing.yaml"))
    assert "No such file" in refused("--config", now, "--html", str(tmp_path / "no" / "page.html"))
    with pytest.raises(SystemExit) as misused:
        main(["what-if", "--config", now, "--days", "0"])
    assert misused.value.code == 2
    assert "must be a whole number from 1 to 3660" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "plotext", None)
    assert main(["--config", now, "what-if", "--config", now]) == 0
    assert "pip install 'kryten-economy[what-if]'" in capsys.readouterr().out


async def test_some_keys_are_laid_over_and_told_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of one key changes that key alone, and JSON holds what the table does."""
    async with house(tmp_path / "economy.db", settings_with(**PAYS)) as h:
        await talk(h)
        now = written(tmp_path / "now.yaml", h.path, **of(settings_with(**PAYS)))
        changes = tmp_path / "changes.yaml"
        changes.write_text("chat_triggers:\n  kudos_received:\n    reward: 10\nrian: 1\n")
        assert main(["--config", now, "what-if", "--changes", str(changes), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    [report] = told["reports"]
    assert report["differences"] == [["chat_triggers.kudos_received.reward: 3 -> 10", "exact"]]
    assert report["inflow"]["chat.kudos_received"] == [9, 30]
    assert report["days"][-1][1:] == [209, 230]
    [warning] = told["warnings"]
    assert f"{changes}:4: rian" in warning
    assert main(["--config", now, "what-if", "--changes", str(tmp_path / "none.yaml")]) == 1
    assert "none.yaml: can't be read" in capsys.readouterr().err
