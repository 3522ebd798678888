"""How a conversation works: drafts, steps, questions."""
