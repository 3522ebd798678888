"""What a delivery is and what may happen to it: values and pure functions.

No `await`, no clock, no I/O; imports nothing of the project but itself.
"""
