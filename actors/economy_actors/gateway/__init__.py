"""The edge to the bus: translate, tell, return (`spec/wire.md` 0)."""
