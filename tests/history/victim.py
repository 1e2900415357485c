"""A fetch that says when it is about to commit, so that a test can kill it there. Run as a script by `test_kill.py`."""

import datetime as dt
import sys
from typing import Any

import history
from history.keeping.statements import Counts
from history.keeping.store import Store

_commit = Store.commit


def _telling(self: Store, *args: Any, **options: Any) -> Counts:
    print("commit", flush=True)
    return _commit(self, *args, **options)


if __name__ == "__main__":
    Store.commit = _telling  # type: ignore[method-assign]
    config, now = sys.argv[1:]
    sys.exit(history.fetch(history.Config.read(config), now=dt.datetime.fromisoformat(now)).exit_code)
