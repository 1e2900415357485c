"""A search in a file: kept as it goes, so that whatever ends the program costs a minute of it and not all.

The file holds plain numbers and says of which search it is; nothing in it is run. Not here: what a race is (``race``).
"""

import json
import math
import os
import tempfile
import time
import warnings
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.arguments import outside
from simulation.engine.fingerprint import edition
from simulation.searching.candidates import Candidates
from simulation.searching.race import Held, Race
from simulation.searching.scores import Terms
from simulation.searching.shapes import Shapes
from simulation.searching.tree import Place, Tree
from waves.showing import SaysItAll

FORMAT = 1
EVERY = 30.0  # seconds on the wall between two times of keeping, about
COUNTS = ("rung", "looked_at", "rollouts")
HEAD, ARRAYS = ("edition", "of", "place", *COUNTS), ("wave", "bake", "value", "tried", "firm")
PLURAL = dict.fromkeys(("rules", "bakes", "objectives"), "other")
REMEDY = "give the same, or another file, which begins a search of its own"


class NotThis(SaysItAll, ValueError):
    """That a file holds no search, or not the one that is to go on."""


def identity(terms: Terms, candidates: Candidates) -> dict[str, Any]:
    """Return what tells a search from others, by what people call it: only the same one can be gone on with."""
    given = {"plan of today": candidates.like, "rules": candidates.rules}
    return {
        "scenario": terms.scenario.digest,
        **{name: noun and noun.digest for name, noun in given.items()},
        "bakes": list(candidates.bakes),
        "seed": terms.seed,
        "objectives": list(terms.figures),
        "resolution": terms.resolution,
    }


def differing(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Return what of two searches is not the same, as people say it: `other bakes and another seed`; else nothing."""
    names = [f"{PLURAL.get(name, 'another')} {name}" for name in one if one[name] != other.get(name)]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


class Keeper:
    """Keeps a race in a file, now and then.

    Parameters
    ----------
    path
        The file. It is written anew each time, beside itself first: it is always whole.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path, self.due, self.told = Path(path), -math.inf, False

    def now_and_then(self, race: Race) -> None:
        """Keep a race, unless that was done a moment ago; a full disk does not end a search, it is warned of."""
        if time.monotonic() < self.due:
            return
        try:
            self.keep(race)
        except OSError as error:
            self._warn(error)
        self.due = time.monotonic() + EVERY

    def last(self, race: Race) -> None:
        """Keep a race that has ended, or was interrupted."""
        self.due = -math.inf
        self.now_and_then(race)

    def keep(self, race: Race) -> None:
        """Write a race.

        Raises
        ------
        OSError
            Where that cannot be; the file is as it was.
        """
        place = tuple(race.tree.place) if race.tree is not None else None
        head = {"wavecast search": FORMAT, "edition": edition(), "place": place}
        head |= {name: getattr(race, name) for name in COUNTS}
        head["of"] = identity(race.terms, race.packing.candidates)
        text = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
        try:
            self._write(
                head=text,
                wave=race.shapes.wave,
                bake=race.shapes.bake,
                value=race.value,
                tried=_rows(race.tried),
                firm=_rows(race.firm),
            )
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(self.path)) from error

    def _write(self, **arrays: Any) -> None:
        path = Path(os.path.realpath(self.path))  # a link stays one
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **arrays)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise

    def go_on(self, race: Race) -> Race:
        """Return the race of the file, which is that one further on; that one where there is no file yet.

        Raises
        ------
        NotThis
            For a file of another search, of another version of the kit, and for what is none, or not whole.
        OSError
            Where it cannot be read; where there is none yet, and none can be written.
        """
        if not self.path.exists():
            self.keep(race)
            return race
        if not self.path.is_file():  # whoever opens a pipe waits for somebody to write
            raise NotThis(f"{self.path}: is {'a folder' if self.path.is_dir() else 'no file'}; name a file")
        head, arrays = self._read()
        if head["edition"] != edition():
            raise NotThis(f"{self.path}: is of another version of the kit; take another file, and begin anew")
        other = differing(identity(race.terms, race.packing.candidates), head["of"])
        if other:
            raise NotThis(f"{self.path}: is of {other}; {REMEDY}")
        held, place = self._held(race, arrays), head["place"]
        race.held, race.tree = held, Tree(race.packing.candidates, Place(*place)) if place else None
        race.tried, race.firm = (frozenset(row.tobytes() for row in arrays[name]) for name in ("tried", "firm"))
        race.rung, race.looked_at, race.rollouts = (int(head[name]) for name in COUNTS)
        return race

    def _read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                head = json.loads(found["head"].tobytes())
                if head["wavecast search"] == FORMAT:
                    return {name: head[name] for name in HEAD}, {name: found[name] for name in ARRAYS}
        except (ValueError, LookupError, TypeError, AttributeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise NotThis(self._none()) from error
        raise NotThis(self._none())

    def _none(self) -> str:
        return f"{self.path}: is no search that was kept, or not whole; name another file, or remove this one"

    def _held(self, race: Race, arrays: dict[str, Any]) -> Held:
        """Return what the file holds, if it is what a race of this fleet can hold: the engine checks nothing again."""
        candidates = race.packing.candidates
        wave, bake, value = (arrays[name] for name in ARRAYS[:3])
        units, count = len(candidates.units), len(value)
        sound = (
            wave.dtype == bake.dtype == np.uint16
            and value.dtype == np.float64
            and wave.shape == bake.shape == (count, units)
            and value.shape == (count, len(race.terms.figures))
            and bool((bake < len(candidates.bakes)).all())
            and bool((np.diff(np.sort(wave.astype(np.int64), axis=1), axis=1, prepend=-1) <= 1).all())
        )
        if not sound:
            raise NotThis(self._none())
        return Held(Shapes(wave, bake), value)

    def _warn(self, error: OSError) -> None:
        if not self.told:
            why = error.strerror or error
            warnings.warn(f"{self.path}: {why}; the search goes on, but is not kept", stacklevel=outside())
        self.told = True


def _rows(keys: frozenset[bytes]) -> NDArray[np.uint8]:
    """Return keys, a row each."""
    return np.frombuffer(b"".join(sorted(keys)), dtype=np.uint8).reshape(len(keys), -1 if keys else 0)
