"""The operators' errand: overview, lists, and what can be put right."""
