"""`python -m cli` is `lockerbot`."""

from cli.entry import main

main()
