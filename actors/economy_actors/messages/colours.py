"""What the keeper of a channel's stylesheet and the seller of its chat colours are told."""

from dataclasses import dataclass, field

from economy_actors.runtime import Reply
from kryten_economy.features.colours.rules import NotShown
from kryten_economy.ledger.audit import Line
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Refusal
from kryten_economy.users import UserKey

__all__ = (
    "BotRanked",
    "BuyAnswered",
    "BuyColour",
    "ColourBought",
    "ColoursMessage",
    "Overtaken",
    "ReadStylesheet",
    "ResyncColours",
    "Resynced",
    "SettleHeld",
    "SightLost",
    "StylesheetMessage",
    "StylesheetTold",
    "WriteOverdue",
    "WriteStylesheet",
    "Written",
)


@dataclass(frozen=True, slots=True)
class BotRanked:
    """The bot's own rank in the channel, as CyTube announced it."""

    rank: float


@dataclass(frozen=True, slots=True)
class StylesheetTold:
    """CyTube has told the channel's stylesheet: it is in force."""

    css: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SightLost:
    """Robot or bus are away: what was told last may be old by now."""


@dataclass(frozen=True, slots=True)
class ReadStylesheet:
    """What is the stylesheet now? An empty one is never an answer (P-CSS-1)."""

    reply: Reply[str | NotShown]
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Written:
    """CyTube has told the text that was written."""


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody else has changed the stylesheet to ``css`` in between.

    ``over`` is in force now; it is another one if what was written has replaced theirs.
    """

    css: str = field(repr=False)
    over: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WriteStylesheet:
    """Put ``css`` in the place of ``over``, which is in force, and see that it is told."""

    css: str = field(repr=False)
    over: str = field(repr=False)
    within_s: float
    reply: Reply[Written | Overtaken | NotShown]


@dataclass(frozen=True, slots=True)
class WriteOverdue:
    """The text of the write with this number should have been told by now."""

    number: int


StylesheetMessage = StylesheetTold | SightLost | ReadStylesheet | WriteStylesheet | WriteOverdue


@dataclass(frozen=True, slots=True)
class ColourBought:
    """The colour is shown and paid; the wallet is as it was then."""

    wallet: Wallet
    colour: str
    charged_z: int
    discount: float
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BuyAnswered:
    """What came of a purchase, and the row of the audit log, if this one has written it."""

    answer: ColourBought | NotShown | Refusal
    audit_id: int | None = None


@dataclass(frozen=True, slots=True)
class BuyColour:
    """Sell a colour that its buyer may have; ``present_as`` is how they spell themselves here.

    By ``until_s`` (the loop's clock) it has been done or not. With a ``line`` setting the price
    aside is written into the audit log with it; the answer says in which row.
    """

    op_id: str
    user: UserKey
    present_as: str | None
    colour: str
    price_z: int
    discount: float
    until_s: float
    line: Line | None
    reply: Reply[BuyAnswered]


@dataclass(frozen=True, slots=True)
class Resynced:
    """How many colours the books took over, and how many stand in the block.

    ``written``: whether it had to be changed.
    """

    imported: int
    managed: int
    written: bool


@dataclass(frozen=True, slots=True)
class ResyncColours:
    """Make the block what the books say, and take in what only the stylesheet knows.

    Without ``apply`` the stylesheet is only read.
    """

    apply: bool
    until_s: float
    reply: Reply[Resynced | NotShown]


@dataclass(frozen=True, slots=True)
class SettleHeld:
    """Time to look whether colours are shown for which money still waits."""


ColoursMessage = BuyColour | ResyncColours | SettleHeld
