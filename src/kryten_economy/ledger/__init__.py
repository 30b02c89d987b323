"""The engine of the books: every coin is in some account at every instant.

Double entry in SQLite, one writer, a batch of requests per transaction. Synchronous: an
actor or a test decides in which thread it runs. Refusals are values
(`kryten_economy.refusals`), a broken disk is an exception, a defect is a `Failed`. What the
economy does with it stands in `kryten_economy.features`.
"""
