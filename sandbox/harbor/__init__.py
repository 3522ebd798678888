"""A Harbor on this machine: accounts, service API, webhooks, and towers whose doors obey tokens."""
