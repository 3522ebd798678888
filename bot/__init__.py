"""The core: what a delivery is, what may happen to it, and what is owed to whom.

Nothing in here knows Telegram, HTTP or SQL; `cli` alone wires the edges together.
"""
