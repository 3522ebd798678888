"""What is owed: loops that carry out what transactions have left to be done."""
