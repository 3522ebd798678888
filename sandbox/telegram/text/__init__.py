"""Text and what belongs to it: HTML and MarkdownV2, entities, how a text shows, and keyboards."""
