"""Notices and quiet mode."""
