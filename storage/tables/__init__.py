"""What is kept, by subject: a file of SQL for each, and `transaction`, their sum.

`rows` says how values become columns, `owed` how the turn for owed work is taken. Which database
is behind it and how that commits is the business of the rest of `storage`: nothing here knows.
"""
