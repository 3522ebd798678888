"""`python -m bot` is `lockerbot`."""

from bot.cli import main

main()
