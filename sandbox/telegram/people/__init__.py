"""What people do: their phones, their groups, what a chat shows, and the control side over HTTP."""
