"""Being there, and what it earns."""
