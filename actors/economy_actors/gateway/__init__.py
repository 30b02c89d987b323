"""The edge to the bus: translate, tell, return (`wire.md` 0)."""
