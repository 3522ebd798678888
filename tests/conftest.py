"""What every test may ask for."""

pytest_plugins = [
    "tests.support.run",
    "tests.support.databases",
    "tests.support.fixtures",
    "tests.support.logs",
    "tests.support.what_was_called",
]
