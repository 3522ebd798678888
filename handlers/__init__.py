"""The Telegram edge: updates in, messages out, and the conversation between them.

The only package that imports `telegram`; everything it knows of parcels it asks of `bot`.
"""

import os

# python-telegram-bot's own way to have durations as timedelta; without it, it warns at each.
os.environ.setdefault("PTB_TIMEDELTA", "true")
