"""The root of the settings: every section of the configuration file in one immutable value.

Building Settings reads neither files nor the environment: `loading.load` gathers both,
so that every way to a configuration is the same one (P-CFG-1).

What a reload changes, and what it can't change while the service runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from kryten_economy.config.achievements import Achievement, Competition
from kryten_economy.config.announcements import Announcements, Digest
from kryten_economy.config.api_auth import ApiAuth
from kryten_economy.config.connection import (
    Admin,
    Bot,
    Channel,
    Commands,
    Currency,
    Database,
    Messages,
    Metrics,
    Nats,
    Onboarding,
    Pace,
    Service,
)
from kryten_economy.config.gambling import Gambling
from kryten_economy.config.gifts import BalanceMaintenance, Rain, Retention
from kryten_economy.config.multipliers import Bounties, Multipliers
from kryten_economy.config.presence import Presence
from kryten_economy.config.problems import masked
from kryten_economy.config.ranks import CytubePromotion, Ranks
from kryten_economy.config.section import SKIP, PositiveCount, Reading, Section, refuse, unique
from kryten_economy.config.shop import Shop
from kryten_economy.config.spending import Inflation, MediaCms, Spending
from kryten_economy.config.streaks import Streaks
from kryten_economy.config.triggers import ChatTriggers, ContentTriggers, SocialTriggers
from kryten_economy.config.vanity import Tipping, VanityShop
from kryten_economy.config.wallets import Wallets
from kryten_economy.config.web import Web

__all__ = (
    "LOG_LEVELS",
    "RESTART_KEYS",
    "Change",
    "ReloadReport",
    "Settings",
    "reload_report",
    "with_restart_values",
)

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def _log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise refuse(f"must be one of {', '.join(LOG_LEVELS)}")
    return text.upper()


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise refuse("must be an IANA time zone, such as 'Europe/Berlin'") from error
    return name


class Settings(Section, BaseSettings):
    """The whole configuration; only ``nats`` and ``channels`` have no default."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        frozen=True, extra="ignore", validate_default=True, allow_inf_nan=False
    )

    # A section with every line commented out says nothing about multipliers either.
    null_keys: ClassVar[frozenset[str]] = frozenset({"multipliers"})

    nats: Nats
    channels: Annotated[
        tuple[Channel, ...],
        Field(min_length=1),
        unique("channel", lambda channel: channel.channel),
    ]
    service: Service = Service()
    metrics: Metrics = Metrics()
    web: Web | None = None
    retry_attempts: Annotated[int, Field(ge=0, le=10)] = 3
    retry_delay: Annotated[float, Field(ge=0.1, le=3600)] = 1.0
    handler_timeout: Annotated[float, Field(ge=1, le=10**6)] = 30.0
    max_concurrent_handlers: PositiveCount = 1000
    log_level: Annotated[str, AfterValidator(_log_level)] = "INFO"
    chat_min_delay: Annotated[float, Field(ge=0, le=3600)] = 1.0
    chat_jitter: Annotated[float, Field(ge=0, le=3600)] = 0.5
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"

    database: Database = Database()
    currency: Currency = Currency()
    bot: Bot = Bot()
    ignored_users: tuple[str, ...] = ()
    onboarding: Onboarding = Onboarding()
    commands: Commands = Commands()
    admin: Admin = Admin()
    messages: Messages = Messages()

    presence: Presence = Presence()
    streaks: Streaks = Streaks()
    rain: Rain = Rain()
    balance_maintenance: BalanceMaintenance = BalanceMaintenance()
    retention: Retention = Retention()
    chat_triggers: ChatTriggers = ChatTriggers()
    content_triggers: ContentTriggers = ContentTriggers()
    social_triggers: SocialTriggers = SocialTriggers()

    gambling: Gambling = Gambling()
    spending: Spending = Spending()
    inflation: Inflation = Inflation()
    mediacms: MediaCms = MediaCms()
    vanity_shop: VanityShop = VanityShop()
    tipping: Tipping = Tipping()
    wallets: Wallets = Wallets()
    api_auth: ApiAuth = ApiAuth()

    ranks: Ranks = Ranks()
    cytube_promotion: CytubePromotion = CytubePromotion()
    shop: Shop = Shop()
    achievements: Annotated[
        tuple[Achievement, ...], unique("achievement id", lambda entry: entry.id), SKIP
    ] = ()
    daily_competitions: Annotated[
        tuple[Competition, ...], unique("competition id", lambda entry: entry.id), SKIP
    ] = ()
    multipliers: Multipliers = Multipliers.quiet()
    bounties: Bounties = Bounties()
    announcements: Announcements = Announcements()
    digest: Digest = Digest()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - see above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - see above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - see above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values come from the caller only: environment and file are merged by the loader."""
        return (init_settings,)

    @field_validator("cytube_promotion")
    @classmethod
    def _rank_exists(cls, promotion: CytubePromotion, info: ValidationInfo) -> CytubePromotion:
        ranks = info.data.get("ranks")
        if ranks is not None:
            names = [tier.name for tier in ranks.tiers]
            if promotion.min_rank not in names:
                raise refuse(
                    f"must name a rank: {', '.join(names)}",
                    "min_rank",
                    cause=("ranks", "tiers"),
                    reading=Reading(
                        {("enabled",): False, ("min_rank",): names[-1]},
                        "the promotion is off",
                    ),
                )
        return promotion

    @field_validator("shop")
    @classmethod
    def _item_ranks_exist(cls, shop: Shop, info: ValidationInfo) -> Shop:
        ranks = info.data.get("ranks")
        names = [] if ranks is None else [tier.name for tier in ranks.tiers]
        for index, item in enumerate(shop.items):
            if names and item.min_rank and item.min_rank not in names:
                allowed = f"must name a rank: {', '.join(names)}"
                raise refuse(allowed, "items", index, "min_rank", cause=("ranks", "tiers"))
        return shop

    @field_validator("web")
    @classmethod
    def _test_channel_exists(cls, web: Web | None, info: ValidationInfo) -> Web | None:
        channels = info.data.get("channels")
        if web is not None and web.test_channel and channels is not None:
            names = [each.channel for each in channels]
            if web.test_channel.lower() not in {each.lower() for each in names}:
                allowed = f"must be one of the channels: {', '.join(names)}"
                raise refuse(allowed, "test_channel", cause=("channels",))
        return web

    @property
    def pace(self) -> Pace:
        """The pace of outgoing messages: the file's gap where it gives one, else a bucket."""
        if self.model_fields_set & {"chat_min_delay", "chat_jitter"}:
            return Pace.gap(self.chat_min_delay, self.chat_jitter)
        return Pace.bucket(self.messages.burst, self.messages.per_second)

    @property
    def ignored_names(self) -> frozenset[str]:
        """Lower-case names that neither earn nor count: other bots and the bot itself.

        Built at each access: keep it where every event asks for it.
        """
        return frozenset(name.lower() for name in (*self.ignored_users, self.bot.username))


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
    "web",
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
