"""The shop, what waits for an admin, and bounties by private message."""

from tests.actors.rows.walk import Row, done, first, refused, written_wrongly

__all__ = ("ROWS",)

_SUSPENDED = "access to the economy is suspended"
_NOT_FOR_ALICE = "needs admin rights"
_CAPS = "SELECT count(*) FROM shop_item WHERE item = 'cap'"
_NOTHING = "There is nothing of that kind to decide"
_BOUNTY = "SELECT state FROM bounty ORDER BY id DESC LIMIT 1"

ROWS = (
    Row(
        "shop",
        done("Alice: shop", "wave | 5 Z"),
        refused("Mallory: shop", _SUSPENDED),
        written_wrongly("Alice: shop @bob", "takes no user name"),
    ),
    Row(
        "buy",
        done("Alice: buy title Sir", "Your title is: Sir", alice=-700),
        done("Alice: buy wave", "Wave for 5 Z"),
        done("Alice: YES", "Wave", alice=-5),
        refused("Alice: buy cup", "sold out"),
        refused("Alice: buy cytube2", "500,000 Z|Grip"),
        refused("Alice: buy moon", "don't sell 'moon'"),
        written_wrongly("Alice: buy", "Usage: buy <item>"),
        written_wrongly("Alice: buy gif nowhere", "no address of a GIF"),
        written_wrongly("Alice: buy color mauve-ish", "not a colour"),
    ),
    Row(
        "shoutout",
        done("Alice: shoutout Hello", "on its way", alice=-500),
        refused("Alice: shoutout Again", "cooling down"),
        written_wrongly("Alice: shoutout", "can't be empty"),
    ),
    Row(
        "fortune",
        done("Alice: fortune", "🔮", alice=-100),
        refused("Alice: fortune", "today's limit of 1 fortune"),
        written_wrongly("Alice: fortune @bob", "takes no user name"),
    ),
    Row(
        "approvals",
        first("Alice: buy gif https://example.org/a.gif"),
        first("Bob: buy gif https://example.org/b.gif"),
        done("Boss: approvals", "Alice"),
        refused("Alice: approvals", _NOT_FOR_ALICE),
        written_wrongly("Boss: approvals @alice", "takes no user name"),
    ),
    Row(
        "approve_gif",
        done(
            "Boss: approve_gif @alice",
            "approved",
            (
                "SELECT value FROM vanity_item WHERE type = 'channel_gif'",
                "https://example.org/a.gif",
            ),
        ),
        refused("Boss: approve_gif @cy", _NOTHING),
        written_wrongly("Boss: approve_gif", "Usage: approve_gif @user"),
    ),
    Row(
        "reject_gif",
        done("Boss: reject_gif @bob", "rejected", bob=900),
        refused("Boss: reject_gif @bob", _NOTHING),
        written_wrongly("Boss: reject_gif a.b", "can't be a user name"),
    ),
    Row(
        "shop_add",
        done("Boss: shop_add cap 50 announce Cap on", "for sale: Cap, 50 Z", (_CAPS, 1)),
        refused("Alice: shop_add cap 50 announce Cap on", _NOT_FOR_ALICE),
        written_wrongly("Boss: shop_add cap dear announce", "'dear' is not an amount"),
        written_wrongly("Boss: shop_add cap 50 explode", "announce"),
    ),
    Row(
        "shop_stock",
        done("Boss: shop_stock cap 3", "cap: 3 left"),
        refused("Boss: shop_stock moon 3", "no item 'moon'"),
        written_wrongly("Boss: shop_stock cap few", "'endless'"),
    ),
    Row(
        "shop_items",
        done("Boss: shop_items", r"cap \(announce, by PM\): Cap, 50 Z, 3 left"),
        refused("Alice: shop_items", _NOT_FOR_ALICE),
        written_wrongly("Boss: shop_items @bob", "takes no user name"),
    ),
    Row(
        "shop_remove",
        done("Boss: shop_remove cap", "no longer sold", (_CAPS, 0)),
        refused("Boss: shop_remove cap", "no item 'cap'"),
        written_wrongly("Boss: shop_remove", "Usage: shop_remove <id>"),
    ),
    Row(
        "approve_item",
        first("Alice: buy hat"),
        first("Alice: YES"),
        done("Boss: approve_item 3", "Hat|hat"),
        refused("Boss: approve_item 3", _NOTHING),
        written_wrongly("Boss: approve_item hat", "Usage: approve_item <number>"),
    ),
    Row(
        "reject_item",
        first("Bob: buy hat"),
        first("Bob: YES"),
        done("Boss: reject_item 4 none left", "9 Z", bob=9),
        refused("Boss: reject_item 4", _NOTHING),
        written_wrongly("Boss: reject_item", "Usage: reject_item <number>"),
    ),
    Row(
        "bounty",
        done('Alice: bounty 500 "Find the film"', "500 Z are set aside", alice=-500),
        refused('Alice: bounty 50001 "Find"', "the maximum is 50,000 Z"),
        refused('Alice: bounty 20000 "Find"', "short"),
        written_wrongly('Alice: bounty much "Find"', "'much' is not an amount"),
    ),
    Row(
        "bounties",
        done("Alice: bounties", r"#1 500 Z \| Find the film"),
        refused("Mallory: bounties", _SUSPENDED),
        written_wrongly("Alice: bounties @bob", "takes no user name"),
    ),
    Row(
        "claim_bounty",
        done("Boss: claim_bounty 1 @bob", "500 Z paid to Bob", (_BOUNTY, "claimed"), bob=500),
        refused("Boss: claim_bounty 1 @bob", "claimed already"),
        refused("Boss: claim_bounty 99 @bob", "no bounty #99"),
        written_wrongly("Boss: claim_bounty one @bob", "Usage: claim_bounty"),
    ),
    Row(
        "cancel_bounty",
        first('Alice: bounty 600 "Sing"'),
        refused("Bob: cancel_bounty 2", "Only whoever made that bounty"),
        done("Alice: cancel_bounty 2", "300 Z of 600 Z", (_BOUNTY, "cancelled"), alice=300),
        refused("Alice: cancel_bounty 2", "cancelled already"),
        written_wrongly("Alice: cancel_bounty two", "Usage: cancel_bounty <id>"),
    ),
)
