"""What people see of a delivery: one small file for each kind of card.

Guarantees: a card is a pure function of a situation and a language; every state has a card for
every role; the most important thing stands first, the likeliest button on top; no button that the
table of actions forbids; no card but `code` ever holds what opens a door.
"""
