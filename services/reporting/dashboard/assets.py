"""The files that pages load: scripts, style, the charts' library; each from memory, small and for long.

All of them stand under one address that names their contents together (`/static/{version}/…`), so that a browser keeps
them for a year and never mixes two releases. Each page's modules are there as one file, too (`joined/{page}.js`).
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from services.reporting.dashboard.joined import joined

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
JOINED = re.compile(r"^joined/(\w+)\.js$")
"""The address of a page's modules as one file."""
VERSION_LENGTH = 12
LEVEL = 9


class Asset(NamedTuple):
    """A file as it is sent, plain and compressed."""

    content: bytes
    compressed: bytes
    content_type: str
    etag: str


class Assets:
    """Every file of the folder `static`, read when it is first asked for."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._names = frozenset(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in TYPES
        )
        self._kept: dict[str, Asset] = {}

    @cached_property
    def version(self) -> str:
        """Names the contents of all files together."""
        digest = hashlib.blake2b(digest_size=VERSION_LENGTH // 2)
        for name in sorted(self._names):
            content = (self._folder / name).read_bytes()
            digest.update(b"%s\0%d\0%s" % (name.encode(), len(content), content))
        return digest.hexdigest()

    def has(self, name: str) -> bool:
        """Whether there is a file of that name in the folder."""
        return name in self._names

    def find(self, name: str) -> Asset | None:
        """A file by its name in the folder, or a page's modules as one; None where there is none of that name."""
        if name not in self._kept and (content := self._read(name)) is not None:
            etag = hashlib.blake2b(content, digest_size=16).hexdigest()
            # mtime 0: the same bytes in every process.
            compressed = gzip.compress(content, LEVEL, mtime=0)
            self._kept[name] = Asset(content, compressed, TYPES[PurePosixPath(name).suffix], etag)
        return self._kept.get(name)

    def _read(self, name: str) -> bytes | None:
        if name in self._names:
            return (self._folder / name).read_bytes()
        page = JOINED.match(name)
        entry = None if page is None else f"js/pages/{page[1]}.js"
        if entry not in self._names:
            return None
        return joined(entry, lambda module: (self._folder / module).read_text(encoding="utf-8")).encode()
