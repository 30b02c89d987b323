"""Items of the channel's own shop as a file gives them (`config.md` 7.1)."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.config.samples import NO_ENVIRONMENT

from economy_actors.handlers.shop import service_keys
from kryten_economy.config import ConfigError, Settings, load
from kryten_economy.config.shop import SOLD_BY_SERVICE

GOOD: dict[str, Any] = {
    "id": "lamp",
    "name": "The Lamp",
    "price": 10,
    "effect": "announce",
    "text": "{user} has light",
}


def _read(path: Path, *items: object, **sections: Any) -> tuple[Settings, tuple[str, ...]]:
    file = path / "config.yaml"
    document = {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": "TestChan"}],
        "shop": {"items": list(items)},
    }
    file.write_text(json.dumps(document | sections), encoding="utf-8")
    loaded = load(file, NO_ENVIRONMENT)
    return loaded.settings, tuple(map(str, loaded.warnings))


def test_an_item_needs_little(tmp_path: Path) -> None:
    """Without the rest there is always one more, for everybody, as often as they like."""
    settings, warnings = _read(tmp_path, GOOD)
    [item] = settings.shop.items
    assert warnings == ()
    assert settings.shop.enabled
    assert (item.stock, item.per_user, item.cooldown_minutes, item.min_rank) == (None, None, 0, "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": 0}, "price"),
        ({"effect": "explode"}, "effect"),
        ({"text": ""}, "must say what is announced"),
        ({"effect": "title", "text": " "}, "must say what the title is"),
        ({"effect": "title", "text": "{user} the Great"}, "must be plain"),
        ({"text": "{who}"}, "unknown variable {who}"),
        ({"min_rank": "King"}, "must name a rank"),
        ({"multiplier": 50}, "multiplier"),
        ({"minutes": 0}, "minutes"),
        ({"name": "x" * 41}, "at most 40 characters"),
        ({"id": "1"}, "begins with a letter"),
    ],
)
def test_an_item_that_can_not_be_sold_rightly_is_skipped(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    """With a warning that says what is wrong; the others are sold."""
    other = GOOD | {"id": "other"}
    settings, warnings = _read(tmp_path, GOOD | change, other)
    assert [item.id for item in settings.shop.items][-1] == "other"
    assert len(settings.shop.items) == 1 or settings.shop.items[0].text != change.get("text")
    assert any(said in warning for warning in warnings), warnings


def test_a_price_that_is_no_number_is_refused(tmp_path: Path) -> None:
    """Nobody can tell what it was to cost, so the file is not read at all."""
    with pytest.raises(ConfigError, match=r"shop\.items\[0\]\.price"):
        _read(tmp_path, GOOD | {"price": "cheap"})


def test_ids_are_simple_words_and_stand_once(tmp_path: Path) -> None:
    """Capitals are taken as small letters; the second of one id is skipped."""
    settings, warnings = _read(tmp_path, GOOD | {"id": "LAMP"}, GOOD | {"price": 99})
    assert [(item.id, item.price) for item in settings.shop.items] == [("lamp", 10)]
    assert any("must be unique" in warning for warning in warnings)


@pytest.mark.parametrize("word", ["title", "Color", "cytube2"])
def test_an_item_that_the_service_hides_is_warned_of(tmp_path: Path, word: str) -> None:
    """Its id is a word by which the service itself sells something, so `buy` never reaches it."""
    _, (warning,) = _read(tmp_path, GOOD, GOOD | {"id": word, "name": "Other"})
    assert "shop.items: " in warning
    assert f"'buy {word.lower()}' never buys the item" in warning
    assert "give the item another id" in warning


def test_every_word_of_the_service_is_known() -> None:
    """What is warned of is what handlers sell by."""
    assert service_keys() == SOLD_BY_SERVICE
