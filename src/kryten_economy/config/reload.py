"""What a reload changes, and what it can't change while the service runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from kryten_economy.config.problems import masked
from kryten_economy.config.section import Section
from kryten_economy.config.settings import Settings

__all__ = ("RESTART_KEYS", "Change", "ReloadReport", "reload_report", "with_restart_values")

RESTART_KEYS: Final = (
    "nats",
    "channels",
    "service",
    "database.path",
    "bot.username",
    "metrics.enabled",
    "metrics.host",
    "metrics.port",
    "metrics.health_path",
    "metrics.metrics_path",
    "retry_attempts",
    "retry_delay",
    "handler_timeout",
    "max_concurrent_handlers",
    "log_level",
    "timezone",
)
_PACE_KEYS: Final = ("chat_min_delay", "chat_jitter")


@dataclass(frozen=True, slots=True)
class Change:
    """One key with another value; values are plain data, secrets are hidden."""

    key_path: str
    old: object
    new: object

    def __str__(self) -> str:
        """``rain.max_amount: 25 -> 30``."""
        return f"{self.key_path}: {self.old} -> {self.new}"


@dataclass(frozen=True, slots=True)
class ReloadReport:
    """Every changed key, and those of RESTART_KEYS that keep their old value until a restart."""

    changed: tuple[Change, ...]
    restart_required: tuple[str, ...]


def reload_report(old: Settings, new: Settings) -> ReloadReport:
    """Compare two settings; ``new`` is what the file says, not what `with_restart_values` made."""
    changed = (*_section_changes("", old, new), *_pace_changes(old, new))
    restart = tuple(key for key in RESTART_KEYS if _at(old, key) != _at(new, key))
    return ReloadReport(changed, restart)


def with_restart_values(old: Settings, new: Settings) -> Settings:
    """``new``, except that what needs a restart stays as the running service has it."""
    updates: dict[str, object] = {}
    for key_path in RESTART_KEYS:
        section, _, key = key_path.partition(".")
        if not key:
            updates[section] = getattr(old, section)
            continue
        current = updates.get(section, getattr(new, section))
        assert isinstance(current, Section)
        updates[section] = current.model_copy(update={key: _at(old, key_path)})
    return new.model_copy(update=updates)


def _at(settings: Settings, key_path: str) -> object:
    value: object = settings
    for key in key_path.split("."):
        value = getattr(value, key)
    return value


def _section_changes(above: str, old: Section, new: Section) -> Iterator[Change]:
    for key in type(new).model_fields:
        yield from _changes(f"{above}{key}", key, getattr(old, key), getattr(new, key))


def _changes(key_path: str, key: str, old: object, new: object) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, Section) and isinstance(new, Section):
        yield from _section_changes(f"{key_path}.", old, new)
    elif isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _changes(f"{key_path}[{index}]", key, before, after)
    else:
        yield Change(key_path, _plain(key, old), _plain(key, new))


def _pace_changes(old: Settings, new: Settings) -> Iterator[Change]:
    """Writing the defaults of the gap into the file, or taking them out, changes the pace."""
    for key in _PACE_KEYS:
        before, after = key in old.model_fields_set, key in new.model_fields_set
        if before != after and _at(old, key) == _at(new, key):
            value = _at(new, key)
            yield Change(key, value if before else None, value if after else None)


def _plain(key: str, value: object) -> object:
    match value:
        case Section():
            return {name: _plain(name, getattr(value, name)) for name in type(value).model_fields}
        case tuple():
            return [_plain(key, entry) for entry in value]
        case Mapping():
            return dict(value)
        case _:
            return masked(key, value)
