# ruff: noqa: N818 -- each name tells the condition and is read in an except clause
"""What may be broken about the books; each message says what to do."""

__all__ = (
    "BooksInUse",
    "CommitUnknown",
    "CorruptBooks",
    "DisplacedBooks",
    "ForeignBooks",
    "LedgerError",
    "MissingBooks",
    "NewerSchema",
    "OlderSchema",
    "UnreleasedBooks",
    "UnsavedBooks",
    "UnwritableBooks",
    "UsedBooks",
)


class LedgerError(Exception):
    """The books can't be used. See the message for what to do."""

    def __init__(self, detail: str = "") -> None:
        message = (type(self).__doc__ or "").strip()
        super().__init__(f"{message} ({detail})" if detail else message)


class NewerSchema(LedgerError):
    """These books were written by a newer version. Run that version, or restore a backup."""


class OlderSchema(LedgerError):
    """These books are of an older version. Start the service on them once, then repeat."""


class UnreleasedBooks(LedgerError):
    """These books are older than the first release and can't be read. Name a new file."""


class MissingBooks(LedgerError):
    """There are no books at this place. Check the path."""


class CorruptBooks(LedgerError):
    """The file is damaged or no database. Keep a copy of it, then restore a backup."""


class DisplacedBooks(LedgerError):
    """The books were taken away while in use. Restore the file named here, then move it away."""


class UnsavedBooks(LedgerError):
    """The books were taken away while in use and can't be saved. Make room; saving is retried."""


class ForeignBooks(LedgerError):
    """The file is another program's database. Name a new file, and import the old one."""


class UnwritableBooks(LedgerError):
    """The books can't be written. Check the disk's free space, the owner and the permissions."""


class BooksInUse(LedgerError):
    """Another process has these books open. Stop it first."""


class UsedBooks(LedgerError):
    """There are accounts in these books already. Name a new file in database.path."""


class CommitUnknown(LedgerError):
    """It is unknown whether the last batch was kept. Reopen the books, then repeat it by id."""
