"""Texts: lengths, markup, numbers, templates. Pure functions of values."""
