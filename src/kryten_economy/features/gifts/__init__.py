"""Rain and other gifts."""
