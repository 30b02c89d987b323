"""Bringing the books of another economy here: reading it, mapping it, writing a file of ours.

The source is only read. A file is built beside the place of the books, proved, and only then
takes that place.
"""
