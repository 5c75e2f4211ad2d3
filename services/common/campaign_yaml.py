"""Reads YAML or JSON text into plain data that still knows its lines.

Values keep the text in which they are written: a code 001 stays '001' and a figure 0.10 stays exact. Only an unquoted
null, true or false has a meaning of its own (YAML 1.2, core schema). Anchors, aliases and tags are refused: a
definition says what it means at its place, and no small file may unfold into a large one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from services.common.campaign_problems import DefinitionError, Path, Problem, pointer

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 24
"""A definition is 9 deep; a deeper document is an attack or a mistake."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where it is built in: 10 times faster."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML does not allow in a text (specification 1.2.2, section 5.1); NUL and lone surrogates are among it."""
_ESCAPED_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


_STARTS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class Rows(list[object]):
    """A sequence that knows its own line and those of its items."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


class Fields(dict[str, object]):
    """A mapping that knows its own line and those of its keys."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


def line_of(document: object, path: Path) -> int | None:
    """The line of a value, or of the nearest one around it that is there; None for data that was never text."""
    line = document.line if isinstance(document, Rows | Fields) else None
    for step in path:
        if isinstance(document, Fields) and step in document:
            key = str(step)
            line, document = document.lines[key], document[key]
        elif isinstance(document, Rows) and isinstance(step, int):
            line, document = document.lines[step], document[step]
        else:
            break
    return line


def read(text: str | bytes) -> tuple[Fields, list[Problem]]:
    """The document in `text`, and what is wrong with it but does not hinder reading on (repeated keys, aliases, tags).

    Raises:
        DefinitionError: the text is too large, not UTF-8, not YAML, not a mapping, or nested too deeply.
    """
    decoded = _decoded(text)
    reader = _Reader()
    try:
        for event in yaml.parse(decoded, Loader=LOADER):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.problem, error.context) if part)
        raise _fatal(
            min(mark.line, decoded.rstrip().count("\n")) + 1 if mark else None,
            "syntax",
            f"not readable as YAML: {said}; look at the indentation (spaces, no tabs), colons and quotes up to here",
        ) from error
    except yaml.YAMLError as error:
        raise _fatal(None, "syntax", f"not readable as YAML: {error}") from error
    if not reader.found:
        raise _fatal(1, "empty", "the document is empty: a definition starts with `campaign: <code>`")
    document = reader.found[0]
    if not isinstance(document, Fields):
        raise _fatal(
            1, "not-a-mapping", "a definition is a mapping: one `field: value` a line, the first `campaign: <code>`"
        )
    return document, reader.problems


def _decoded(text: str | bytes) -> str:
    if len(text) > MAX_BYTES:
        raise _fatal(None, "too-large", f"the document is larger than {MAX_BYTES:,} bytes: shorten it")
    if isinstance(text, bytes):
        text = _utf8(text)
    text = text.removeprefix("\ufeff")
    if bad := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise _fatal(line, "unprintable", f"the character U+{ord(bad[0]):04X} may not stand in a definition: remove it")
    if text.lstrip().startswith("{"):  # JSON writes characters beyond U+FFFF as two escapes, which YAML does not know
        text = _ESCAPED_PAIR.sub(_joined, text)
    return text


def _utf8(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise _fatal(line, "not-utf-8", f"byte {error.start} is not UTF-8: save the file as UTF-8") from error


def _joined(pair: re.Match[str]) -> str:
    units = bytes.fromhex(pair[2] + pair[3])
    return pair[1] + units.decode("utf-16-be")


def _fatal(line: int | None, code: str, detail: str) -> DefinitionError:
    return DefinitionError([Problem("", line, code, detail)])


class _Reader:
    """Builds the document from the parser's events with stacks of its own, so that depth costs no recursion."""

    def __init__(self) -> None:
        self.found: list[object] = []
        self.problems: list[Problem] = []
        self._open: list[Rows | Fields] = []
        self._steps: list[str | int | None] = []  # by open container: where it is read; None before a key
        self._key_line = 0  # of the key that was read last: that of a value in a mapping

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, _STARTS):
            container = Fields(line) if isinstance(event, yaml.MappingStartEvent) else Rows(line)
            self._put(container, line)
            self._refuse_marks(event, line)
            self._open.append(container)
            self._steps.append(None)
            if len(self._open) > MAX_DEPTH:
                raise _fatal(line, "too-deep", f"nested more than {MAX_DEPTH} deep: no definition needs that")
        elif isinstance(event, _ENDS):
            self._open.pop()
            self._steps.pop()
            self._value_read()
        elif isinstance(event, yaml.AliasEvent):
            self._put(None, line)
            self._say(line, "alias", f"the alias *{event.anchor} is not allowed: write the value again here")
            self._value_read()
        elif isinstance(event, yaml.DocumentStartEvent) and self.found:
            raise _fatal(line, "many-documents", "a second document starts here: one file defines one campaign")

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        text: str = event.value
        if self._open and isinstance(self._open[-1], Fields) and self._steps[-1] is None:
            self._steps[-1], self._key_line = text, line
            self._refuse_marks(event, line)
            return
        self._put(_WORDS[text] if event.implicit[0] and text in _WORDS else text, line)
        self._refuse_marks(event, line)
        if bad := _UNPRINTABLE.search(text):
            self._say(line, "unprintable", f"the character U+{ord(bad[0]):04X} may not stand in a text: remove it")
        self._value_read()

    def _put(self, value: object, line: int) -> None:
        if not self._open:
            self.found.append(value)
            return
        container, step = self._open[-1], self._steps[-1]
        if isinstance(container, Rows):
            self._steps[-1] = len(container)
            container.append(value)
            container.lines.append(line)
        elif not isinstance(step, str):
            raise _fatal(line, "key", "a list or mapping cannot be a key: the name of a field is a word")
        elif step in container:
            first = container.lines[step]
            self._say(self._key_line, "repeated-key", f"{step!r} is already given in line {first}: keep one of them")
        else:
            container[step] = value
            container.lines[step] = self._key_line

    def _value_read(self) -> None:
        if self._open and isinstance(self._open[-1], Fields):
            self._steps[-1] = None

    def _refuse_marks(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            self._say(line, "anchor", f"the anchor &{event.anchor} is not allowed: write the value where it is needed")
        if getattr(event, "tag", None) is not None:
            self._say(line, "tag", "tags (words with !) are not used: put a text in quotes instead")

    def _say(self, line: int, code: str, detail: str) -> None:
        path = [step for step in self._steps if step is not None]
        self.problems.append(Problem(pointer(path), line, code, detail))
