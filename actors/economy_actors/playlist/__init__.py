"""The playlist of a channel: what has been paid for is put on it, and known for its buyer's."""
