"""`python -m harbor_lockerbot` is `lockerbot`."""

from harbor_lockerbot import main

main()
