"""The vanity shop and tipping."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from kryten_economy.config.section import (
    CLAMP,
    DEFAULT,
    FLOOR,
    OFF,
    Amount,
    Count,
    Price,
    Remedy,
    Section,
    at_least,
    refuse,
)

__all__ = (
    "ChannelGif",
    "ChatColor",
    "CustomGreeting",
    "CustomTitle",
    "DailyFortune",
    "RenameCurrency",
    "Shoutout",
    "Tipping",
    "VanityItem",
    "VanityShop",
)


def _names_user(text: str) -> str:
    if "{username}" not in text:
        raise refuse("must contain {username}")
    return text


class VanityItem(Section):
    """What all items of the shop have; the description is shown in ``shop``."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    cost: Price
    description: str


class CustomGreeting(VanityItem):
    """``vanity_shop.custom_greeting``."""

    cost: Price = 5000
    description: str = "A greeting of your own when you come in"


class CustomTitle(VanityItem):
    """``vanity_shop.custom_title``."""

    cost: Price = 10000
    description: str = "A title in front of your name"


class ChatColor(VanityItem):
    """``vanity_shop.chat_color``; contrasts are absolute lightness contrast values (Lc)."""

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"palette"})

    cost: Price = 7500
    description: str = "A colour of your own in chat"
    apply_css: bool = True
    css_selector_template: Annotated[str, AfterValidator(_names_user), DEFAULT] = (
        ".chat-msg-{username}"
    )
    css_block_begin: str = "/* BEGIN kryten-economy vanity colors — auto-managed, do not edit */"
    css_block_end: str = "/* END kryten-economy vanity colors */"
    css_legacy_marker: str = "/* ZCoin purchased vanity colors */"
    import_existing_colors: bool = True
    protected_users: tuple[str, ...] = ()
    enforce_contrast: bool = True
    contrast_bg: Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$"), DEFAULT] = "#111111"
    min_contrast_lc: Annotated[float, Field(ge=0, le=110), CLAMP] = 30.0
    warn_contrast_lc: Annotated[float, Field(ge=0, le=110), at_least("min_contrast_lc"), CLAMP] = (
        40.0
    )


class ChannelGif(VanityItem):
    """``vanity_shop.channel_gif``."""

    cost: Price = 50000
    description: str = "A GIF of yours as a channel emote"
    requires_admin_approval: bool = True


class Shoutout(VanityItem):
    """``vanity_shop.shoutout``; the length is in characters."""

    cost: Price = 500
    description: str = "Your words in public, spoken by the bot"
    max_length: Annotated[int, Field(ge=1, le=1000), CLAMP] = 200
    cooldown_minutes: Count = 60


class DailyFortune(VanityItem):
    """``vanity_shop.daily_fortune``."""

    cost: Price = 100
    description: str = "A look into your day"


class RenameCurrency(VanityItem):
    """``vanity_shop.rename_currency_personal``."""

    cost: Price = 25000
    description: str = "Your own name for the currency"


class VanityShop(Section):
    """``vanity_shop``."""

    custom_greeting: CustomGreeting = CustomGreeting()
    custom_title: CustomTitle = CustomTitle()
    chat_color: ChatColor = ChatColor()
    channel_gif: ChannelGif = ChannelGif()
    shoutout: Shoutout = Shoutout()
    daily_fortune: DailyFortune = DailyFortune()
    rename_currency_personal: RenameCurrency = RenameCurrency()


class Tipping(Section):
    """``tipping``; the limit counts what one user sends in a day."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    min_amount: Annotated[int, Field(ge=1, le=10**12), FLOOR] = 1
    max_per_day: Amount = 5000
    min_account_age_minutes: Count = 30
    self_tip_blocked: bool = True
