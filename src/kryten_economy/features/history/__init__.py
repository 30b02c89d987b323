"""A user's movements, and why each is there."""
