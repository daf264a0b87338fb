"""What is free goes back to the kernel: a process of its own says what it holds."""

import platform
import subprocess
import sys
from typing import Final

import pytest

from diaryserver.accounts.passwords import MEMORY_KIB

_HASH_IN_THREADS: Final = r"""
import re
from pathlib import Path
from threading import Thread
from diaryserver.accounts.passwords import Argon2Hasher
from diaryserver.allocator import give_back, use_one_heap

def resident():
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1])

def hash_passwords():
    for _ in range(3):
        hasher.hash("password")

use_one_heap()
hasher = Argon2Hasher(bytes(32))
hash_passwords()
before = resident()
threads = [Thread(target=hash_passwords) for _ in range(2)]
for each in threads:
    each.start()
for each in threads:
    each.join()
give_back()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked to")
def test_what_passwords_took_is_given_back() -> None:
    """Two are hashed at once, each in so much memory as makes guessing dear."""
    ran = subprocess.run(
        [sys.executable, "-c", _HASH_IN_THREADS], capture_output=True, text=True, check=True
    )
    assert int(ran.stdout) < MEMORY_KIB / 2
