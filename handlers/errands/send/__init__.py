"""The errand of a sender: tower, size, who collects, a note, the reservation."""
