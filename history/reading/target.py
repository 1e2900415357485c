"""Where snapshots go: a folder on disk or in S3, seen through pyarrow's file systems.

Not here: what is in a snapshot (`history.reading.export`).
"""

import os
import re
import uuid

import pyarrow as pa
import pyarrow.fs as pafs

from history.aws.secrets import clean
from waves.showing import SaysItAll

_SNAPSHOT = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}")


class ExportError(SaysItAll):
    """A snapshot cannot be written or read; says where, why, and what to do."""


class Place:
    """A folder on disk or in S3, seen through pyarrow's file systems."""

    def __init__(self, target: str | os.PathLike[str]) -> None:
        text = os.fspath(target)
        self.shown = clean(text)
        scheme = re.match(r"([A-Za-z][\w+.-]+):", text)
        if not text.strip() or (scheme and not re.match("s3://[^/?]|file:", text)):
            raise ExportError(f"{self.shown!r} is no place for a snapshot; name a folder, or s3://bucket/folder")
        if re.search(r"://[^/?]*@", text):
            raise ExportError(f"{self.shown} carries credentials; leave them to the environment or a profile")
        with self.explained():
            if "://" in text:
                self._files, self._path = pafs.FileSystem.from_uri(text)
            else:
                self._files, self._path = pafs.LocalFileSystem(), os.path.abspath(text)
        self._local = isinstance(self._files, pafs.LocalFileSystem)

    def explained(self, *, reading: bool = False) -> "Explained":
        """Return a context in which whatever goes wrong is told with the target's name."""
        return Explained(self.shown, reading)

    def create(self, name: str) -> pa.NativeFile:
        """Return a new file to write into, its folder made where need be."""
        path = f"{self._path}/{name}"
        if self._local:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        return self._files.open_output_stream(path)

    def settle(self, name: str) -> None:
        """Make sure that a local file is on the disk before anything names it."""
        if self._local:
            path = f"{self._path}/{name}"
            for each in (path, os.path.dirname(path)):
                handle = os.open(each, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def replace(self, name: str, content: bytes) -> None:
        """Replace a small file at once: by a rename on disk, by one PUT in S3."""
        written = f"{name}.{uuid.uuid4().hex[:8]}.tmp" if self._local else name
        with self.create(written) as stream:
            stream.write(content)
        if self._local:
            self.settle(written)
            os.replace(f"{self._path}/{written}", f"{self._path}/{name}")
            self.settle(name)

    def read(self, name: str) -> bytes:
        """Return what a file holds."""
        with self._files.open_input_stream(f"{self._path}/{name}") as stream:
            content: bytes = stream.read()
        return content

    def tidy(self, keep: str, *, others: int = 1) -> None:
        """Remove snapshots but this one and the one before it, which somebody may be reading; or that, too."""
        found = self._files.get_file_info(pafs.FileSelector(self._path, allow_not_found=True))
        names = sorted(info.base_name for info in found if _SNAPSHOT.fullmatch(info.base_name))
        for name in [name for name in names if name < keep][: -others or None]:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Delete a file or folder, where it is there."""
        info = self._files.get_file_info(f"{self._path}/{name}")
        if info.type == pafs.FileType.Directory:
            self._files.delete_dir(info.path)


class Explained:
    """Turns what file systems raise into one line that says where."""

    def __init__(self, shown: str, reading: bool) -> None:
        self._shown = shown
        self._reading = reading

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        if isinstance(error, FileNotFoundError) and self._reading:
            raise ExportError(f"{self._shown}: there is no snapshot here; run wavecast export first") from None
        if isinstance(error, OSError | pa.ArrowException | ValueError | KeyError):
            text = clean(" ".join(str(error).split()))[:300]
            if isinstance(error, OSError) and error.strerror and not self._reading:
                text = f"cannot be written: {error.strerror}"
            raise ExportError(f"{self._shown}: {text}") from None
