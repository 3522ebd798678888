"""What the core asks of the world: storage, lockers, a messenger, a clock, and what can fail."""
