"""A Telegram that runs on this machine: the Bot API, and the people who use the bot."""
