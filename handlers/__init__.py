"""The Telegram edge: updates in, messages out, and the conversation between them.

The only package that imports `telegram`; everything it knows of parcels it asks of `bot`.
"""
