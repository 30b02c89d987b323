"""What people ask about themselves, others and the channel."""

from tests.actors.rows.walk import Row, done, never, refused, written_wrongly

__all__ = ("ROWS",)

_SUSPENDED = "access to the economy is suspended"
_NOT_A_NAME = "can't be a user name"

ROWS = (
    Row(
        "profile",
        done("Alice: profile @bob", "Bob.*\n.*Balance: 10,000 Z"),
        refused("Alice: profile @nemo", "don't know anyone called nemo"),
        written_wrongly("Alice: profile a.b", _NOT_A_NAME),
    ),
    Row(
        "rank",
        done("Alice: rank", "Rank: Extra"),
        refused("Alice: rank @nemo", "don't know anyone called nemo"),
        written_wrongly("Alice: rank a.b", _NOT_A_NAME),
    ),
    Row(
        "achievements",
        done("Alice: achievements", "Achievements: 0 won"),
        refused("Mallory: achievements", _SUSPENDED),
        written_wrongly("Alice: achievements @bob", "yourself only"),
    ),
    Row(
        "streak",
        done("Alice: streak", "Streak: 0 days"),
        refused("Mallory: streak", _SUSPENDED),
        written_wrongly("Alice: streak @bob", "yourself only"),
    ),
    Row(
        "top",
        done("Alice: top rich", "Alice: 10,000 Z"),
        refused("Mallory: top", _SUSPENDED),
        written_wrongly("Alice: top losers", "There are: earners, rich, lifetime, ranks"),
    ),
    Row(
        "quiet",
        done(
            "Alice: quiet",
            "Quiet mode is on",
            ("SELECT quiet FROM account WHERE name = 'alice'", 1),
        ),
        never(
            "refused",
            "nobody is kept from being left alone, the banned neither",
            done(
                "Mallory: quiet",
                "Quiet mode is on",
                ("SELECT quiet FROM account WHERE name = 'mallory'", 1),
            ),
        ),
        written_wrongly("Alice: quiet @bob", "takes no user name"),
    ),
    Row(
        "unquiet",
        done(
            "Alice: unquiet",
            "Quiet mode is off",
            ("SELECT quiet FROM account WHERE name = 'alice'", 0),
        ),
        never(
            "refused",
            "the banned may end what they may begin",
            done(
                "Mallory: unquiet",
                "Quiet mode is off",
                ("SELECT quiet FROM account WHERE name = 'mallory'", 0),
            ),
        ),
        written_wrongly("Alice: unquiet @bob", "takes no user name"),
    ),
    Row(
        "help",
        done("Alice: help tip", "tip @user <amount>"),
        done("Alice: help flying", "no help on 'flying'. Topics: basics"),
        never(
            "refused",
            "everybody may ask what there is, the banned too",
            done("Mallory: help", "balance"),
        ),
        written_wrongly("Alice: help @bob", "takes no user name"),
    ),
    Row(
        "about",
        done("Alice: about", "kryten-economy 1.2.3"),
        never(
            "refused",
            "everybody may know what this is, the banned too",
            done("Mallory: about", "kryten-economy 1.2.3"),
        ),
        written_wrongly("Alice: about @bob", "takes no user name"),
    ),
    Row(
        "status",
        done("Alice: status", "5 users here"),
        refused("Mallory: status", _SUSPENDED),
        written_wrongly("Alice: status @bob", "takes no user name"),
    ),
    Row(
        "events",
        done("Alice: events", "."),
        refused("Mallory: events", _SUSPENDED),
        written_wrongly("Alice: events @bob", "takes no user name"),
    ),
)
