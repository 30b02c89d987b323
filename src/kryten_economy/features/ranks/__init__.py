"""Ranks, perks and levels."""
