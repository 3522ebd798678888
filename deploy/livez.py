"""The health check of the image: exit code 0 while the bot here answers 200 on /livez, else 1.

It asks nothing else: Harbor or Telegram being away calls for no restart. Needs the standard library
alone, and asks no proxy.
"""

from __future__ import annotations

import http.client
import os
import sys


def main() -> int:
    """The exit code."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(os.environ.get("PORT", 8080)), timeout=5
    )
    try:
        connection.request("GET", "/livez")
        return int(connection.getresponse().status != 200)
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
