"""A city for some days: people, towers, couriers, and what goes wrong, around the real bot."""
