"""What bots call: the methods of the Bot API, and the addresses that take calls and give files."""
