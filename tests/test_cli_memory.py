"""What threads share of the memory that they ask the C library for."""

import platform
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, os, sys, tempfile, threading
from cli.memory import few_arenas

if sys.argv[1] == "few":
    few_arenas()
started = threading.Barrier(8)

def work():
    held = bytearray(100_000)
    started.wait()

threads = [threading.Thread(target=work) for _ in range(7)]
for thread in threads:
    thread.start()
started.wait()
c = ctypes.CDLL(None)
c.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as told:
    file = ctypes.c_void_p(c.fopen(told.name.encode(), b"w"))
    c.malloc_info(0, file)
    c.fclose(file)
    print(told.read().count(b"<heap nr="))
"""


def arenas(how: str) -> int:
    told = subprocess.run(
        [sys.executable, "-c", ARENAS, how], check=True, capture_output=True, text=True
    )
    return int(told.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's arenas are meant")
def test_eight_threads_share_two_arenas() -> None:
    assert arenas("few") == 2 < arenas("many")
