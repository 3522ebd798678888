"""The HTTP edge: Telegram's webhook, Harbor's webhook, health and metrics, in one ASGI app."""
