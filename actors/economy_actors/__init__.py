"""Who does it and when: the actors, their mailboxes and timers, and the bus."""
