"""config.example.yaml shows every key with its default (config.md 12)."""

import re
from pathlib import Path
from typing import get_args

from tests.unit.config.samples import NO_ENVIRONMENT

from kryten_economy.config import Settings, load, reload_report
from kryten_economy.config.achievements import AchievementType
from kryten_economy.config.document import read
from kryten_economy.config.lenient import key_paths, shape
from kryten_economy.config.problems import SECRET_KEYS
from kryten_economy.config.section import Section

EXAMPLE = Path(__file__).parents[3] / "config.example.yaml"
# Given keys would replace the default pace; the version is forced; the bonus is an older shape.
WEB = {
    "web",
    "web.host",
    "web.port",
    "web.public_url",
    "web.embed_origins",
    "web.trusted_proxies",
    "web.session_days",
    "web.key_reads_per_minute",
    "web.key_changes_per_minute",
    "web.test_channel",
}
COMMENTED = {"chat_min_delay", "chat_jitter", "service.version", *WEB}
ABSENT = {"presence.night_watch.bonus_per_minute"}
MULTIPLIERS = ("off_peak", "high_population", "holidays")
DIFFERENT = {"gambling.heist.max_payout_factor", "achievements", "daily_competitions"}
PLACEHOLDER = re.compile(r"\$\{[A-Z_]+:-(your-token-here)?\}")


def test_loads_without_warnings() -> None:
    """The example validates as it is, and nothing in it deserves a warning."""
    assert load(EXAMPLE, NO_ENVIRONMENT).warnings == ()


def test_holds_every_key() -> None:
    """Each key of the models stands in the example, a few of them commented out."""
    document = read(EXAMPLE)
    given = {path for path in key_paths(Settings) if document.has(tuple(path.split(".")))}
    assert set(key_paths(Settings)) - given == COMMENTED | ABSENT
    text = EXAMPLE.read_text(encoding="utf-8")
    for path in COMMENTED:
        assert re.search(rf"^ *# +{path.rpartition('.')[2]}: ", text, re.MULTILINE)


def test_holds_every_key_of_list_entries() -> None:
    """Entries of lists show each of their keys too, in comments where the list is empty."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for model in _sections(Settings):
        for key in set(model.model_fields) - {"bonus_per_minute"}:
            assert re.search(rf"[ {{]{key}:", text), f"{model.__name__}.{key}"


def _sections(model: type[Section]) -> list[type[Section]]:
    found: list[type[Section]] = []
    for field in model.model_fields.values():
        held = shape(field)
        if held.section is not None:
            found += [held.section, *_sections(held.section)]
    return found


def test_values_are_the_defaults() -> None:
    """What is given equals the default, but for the examples, the heist's cap and multipliers."""
    example = load(EXAMPLE, NO_ENVIRONMENT).settings
    default = Settings(nats=example.nats, channels=example.channels)
    report = reload_report(default, example)
    shown = {f"multipliers.{name}.enabled" for name in MULTIPLIERS}
    assert {change.key_path for change in report.changed} == DIFFERENT | shown
    assert example.nats == type(example.nats)(servers=example.nats.servers)
    assert example.pace == default.pace


def _uncommented(text: str) -> str:
    """The example with the commented entries of its lists made real."""
    text = re.sub(r": \[\](?=.*\n *# +- )", ":", text)
    block = re.compile(r"^ *# +- .*\n(?: *# .*\n)*", re.MULTILINE)
    return block.sub(lambda found: re.sub(r"(?m)^( *)#", r"\1 ", found[0]), text)


def test_commented_entries_are_valid(tmp_path: Path) -> None:
    """Whoever takes the comment away from an entry gets a file that loads without warnings."""
    path = tmp_path / "config.yaml"
    path.write_text(_uncommented(EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")
    loaded = load(path, NO_ENVIRONMENT)
    assert loaded.warnings == ()
    settings, example = loaded.settings, load(EXAMPLE, NO_ENVIRONMENT).settings
    assert len(settings.multipliers.scheduled_events) == 2
    assert len(settings.spending.blackout_windows) == 1
    assert len(settings.daily_competitions) > len(example.daily_competitions)
    types = {each.condition.type for each in settings.achievements}
    assert types == set(get_args(AchievementType))


def test_examples_of_the_specification() -> None:
    """The achievements and competitions are those of the specification."""
    example = load(EXAMPLE, NO_ENVIRONMENT).settings
    assert {entry.id: entry.reward for entry in example.achievements} == {
        "messages_100": 50,
        "messages_1000": 500,
        "presence_24h": 100,
        "streak_7": 200,
        "streak_30": 2000,
        "tipped_10_unique": 100,
        "received_tips_10": 100,
    }
    assert {
        entry.id: (entry.condition.field, entry.condition.threshold, entry.reward)
        for entry in example.daily_competitions
    } == {
        "gif_enthusiast": ("gifs_posted", 5, 15),
        "gif_champion": ("gifs_posted", None, 35),
        "social_butterfly": ("kudos_given", 5, 15),
        "top_earner_bonus": ("z_earned", None, 0),
        "emote_variety": ("unique_emotes_used", 10, 25),
        "chatterbox": ("messages_sent", 50, 20),
    }


def test_secrets_are_placeholders() -> None:
    """Secrets come from the environment, never from the example (P-CFG-10)."""
    document = read(EXAMPLE)
    secrets = [path for path in document.places if path[-1] in SECRET_KEYS]
    assert len(secrets) == 5
    for path in secrets:
        assert PLACEHOLDER.fullmatch(str(document.value(path)))
