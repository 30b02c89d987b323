"""The media catalogue people queue from: its cache, and the way to its server."""
