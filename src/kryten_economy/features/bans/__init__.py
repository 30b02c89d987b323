"""Bans."""
