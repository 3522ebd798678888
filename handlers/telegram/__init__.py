"""Telegram itself: updates in, calls out, and their errors."""
