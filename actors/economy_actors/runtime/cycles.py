"""The interpreter's search for cycles, set for a process that lives long and makes many values."""

import gc

__all__ = ("spare_what_stays",)

_SOUGHT_AFTER = (10_000, 10, 10)
"""New objects before the youngest are searched, and searches before the next older ones are."""


def spare_what_stays() -> None:
    """Let the search pass over what was loaded until now, and come less often.

    Code and settings stay as long as the process. A crowd's minute or a batch makes and drops
    thousands of values without a cycle; at Python's own pace it would be searched for them a
    hundred times, and with it all that was ever loaded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SOUGHT_AFTER)
