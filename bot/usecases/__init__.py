"""What people may do: functions on a transaction, by subject."""
