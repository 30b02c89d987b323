"""Texts: templates, markup, lengths, numbers and replies. Pure functions of values."""
