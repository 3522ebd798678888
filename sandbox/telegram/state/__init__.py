"""What Telegram's servers know of one bot: people, chats, files, its profile, limits and faults."""
