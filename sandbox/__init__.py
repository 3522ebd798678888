"""A Harbor and a Telegram that run on this machine, and the page on which to play with them."""
