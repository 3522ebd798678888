"""What tests share that is neither a scene nor a story."""
