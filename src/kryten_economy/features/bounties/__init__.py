"""Bounties: what one user sets out for a deed, and an admin pays to who has done it."""
