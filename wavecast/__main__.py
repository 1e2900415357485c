"""Where the command begins: nothing is imported before somebody can interrupt it without a traceback.

Not here: the verbs, and how whatever else goes wrong becomes a line (``main``).
"""

import os
import sys


def main() -> None:
    """Run the command; leave with 130 where it is interrupted, imports included."""
    _open_streams()
    try:
        from wavecast.main import main as command

        command(prog_name="wavecast")
    except KeyboardInterrupt:
        os.write(2, b"wavecast: interrupted\n")
        os._exit(130)  # whatever was half imported would complain on the way out


def _open_streams() -> None:
    """Give closed streams a descriptor: else the first file that is opened gets theirs, and what is said goes there."""
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    if sys.stdout is None:
        os.open(os.devnull, os.O_WRONLY)
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


if __name__ == "__main__":
    main()
