"""`python -m cli` is `lockerbot`."""

from cli.commands import main

main()
