"""Events and multipliers."""
