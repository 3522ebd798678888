"""How a bot speaks to Telegram: a call as it comes off the wire, its schema, and refusals."""
