"""How much is held of what another side answers, whoever that is."""

from __future__ import annotations

LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes, decoded: more than Harbor or Telegram has reason to say at once."""
