"""The languages spoken, by their ISO 639-1 codes."""

LANGUAGES = ("en", "es", "de", "fr", "pl", "uk")
"""English is the source and has no catalogue."""
