"""What people do to one parcel: its buttons, questions about it, its history."""
