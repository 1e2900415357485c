"""The line of progress, on terminals that know their size and on those that do not."""

import fcntl
import os
import pty
import struct
import sys
import termios

import pytest

from waves.progress import tqdm


@pytest.mark.parametrize("size", [(0, 0), (24, 100)])
def test_it_is_seen_whatever_the_terminal_knows(monkeypatch, size):
    """What `script` opens has neither rows nor columns: the line is as wide there as most terminals are."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb", buffering=0) as seen:
        monkeypatch.setattr(sys, "stderr", terminal)
        bar = tqdm(total=None, desc="x" * 200)
        line = seen.read(4096).decode().strip("\r")
        bar.close()
    assert line == "x" * ((size[1] or 80) - 1)
