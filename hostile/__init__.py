"""Odd and hostile updates by the hundred thousand, against the whole bot; see `hostile.run`."""
