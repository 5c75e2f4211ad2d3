"""A page's modules as one: over a slow line each file is a journey of its own, whatever its size.

Modules stay as they stand in the source but for their comments, each in a function of its own that hands out what it
exports, in the order in which they need each other. What they may say is therefore less than the language has; what is
beyond that is refused, and a test joins every page.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"(\.[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) ([\w$]+))", re.MULTILINE)
OTHER = re.compile(r"^(import\b[^(]|export\b).*|\bimport\(\s*[\"'].*", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*(?s:.*?)\*/)\n", re.MULTILINE)
"""One that has its lines to itself: a quarter of what is sent."""


class CannotJoin(Exception):
    """A module says what joined ones cannot; the message names it and the line."""


def imports(source: str, name: str) -> list[str]:
    """The names of the modules that a module imports."""
    return [posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) for _, target in IMPORT.findall(source)]


def joined(entry: str, read: Callable[[str], str]) -> str:
    """One module that does what an entry and all that it imports do.

    Args:
        entry: its name, as `js/pages/ranking.js`.
        read: gives a module's source by its name.

    Raises:
        CannotJoin: a module imports or exports in another way than by names, loads one by a relative address at run
            time, or modules import each other in a circle.
    """
    parts: list[str] = []
    places: dict[str, int | None] = {}

    def add(name: str) -> None:
        if name in places:
            if places[name] is None:
                raise CannotJoin(f"{name} imports itself by way of others")
            return
        places[name] = None
        source = read(name)
        for target in imports(source, name):
            add(target)
        places[name] = len(parts)
        parts.append(_wrapped(name, source, places))

    add(entry)
    return "".join(parts)


def _wrapped(name: str, source: str, places: dict[str, int | None]) -> str:
    exported = EXPORT.findall(source)

    def taken(found: re.Match[str]) -> str:
        names = found[1]
        if names is None:
            return ""
        (module,) = imports(found.group(), name)
        return f"const {{{names.replace(' as ', ': ')}}} = m{places[module]};\n"

    body = EXPORT.sub("", IMPORT.sub(taken, COMMENT.sub("", source)))
    if left := OTHER.search(body):
        raise CannotJoin(f"{name}: {left.group()}")
    return f"// {name}\nconst m{places[name]} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"
