"""One outbox per channel: order, pace, merging, proof of delivery."""
