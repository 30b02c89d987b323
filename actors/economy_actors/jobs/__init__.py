"""What happens in a channel now and then: rain, events, the days' jobs."""
