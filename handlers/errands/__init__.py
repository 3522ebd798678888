"""What people come for: one errand a module or package."""
