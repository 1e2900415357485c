"""A YAML or JSON text as blocks that can change places: every byte outside of what moves stays as it is.

A *block* is an entry of a mapping or an item of a list, with the comments directly above it; a *container* is the
mapping or list. What stands between two blocks stays between what is put there. Nothing here knows what a pipeline is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from waves.files.documents import Where
from waves.pipelines.plainly import plainly

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CannotMove(ValueError):
    """The text has a form in which blocks cannot change places; the message says which."""


@dataclass(frozen=True)
class Span:
    """A piece of the text: from the first character to behind the last one; the column of the first."""

    start: int
    end: int
    column: int


# What a reading found and the text does not have at that place.
_MADE = "a part of the pipeline is made by a function, such as !If; write it out"


class Blocks:
    """A text that was read without faults before, and the edits that will be made to it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.edits: dict[tuple[int, int], str] = {}  # lines inside of blocks
        self.moves: dict[tuple[int, int], str] = {}  # whole containers, and blocks that are taken out
        loader = _LOADER(text)
        try:
            if not loader.check_node():
                raise CannotMove("the file is empty")
            self.root = loader.get_node()
        finally:
            loader.dispose()
        self._refuse_aliases(self.root, set())

    def _refuse_aliases(self, node: Any, seen: set[int]) -> None:
        if id(node) in seen:
            raise CannotMove("the file has aliases; write their values out first")
        seen.add(id(node))
        for below in _children(node):
            self._refuse_aliases(below, seen)

    def node(self, where: Where) -> Any:
        """Return the value at a place."""
        return self._found(where)[1]

    def has(self, where: Where) -> bool:
        """Say whether there is a value at a place."""
        try:
            self._found(where)
        except CannotMove:
            return False
        return True

    def _found(self, where: Where) -> tuple[Any, Any, Any]:
        parent, key, node = None, None, self.root
        for part in where:
            parent = node
            if isinstance(part, int):
                if not isinstance(node, yaml.SequenceNode) or part >= len(node.value):
                    raise CannotMove(_MADE)
                key, node = None, node.value[part]
            else:
                if not isinstance(node, yaml.MappingNode):
                    raise CannotMove(_MADE)
                key, node = next(((k, v) for k, v in node.value if k.value == part), (None, None))
                if node is None:
                    raise CannotMove(_MADE)
        return key, node, parent

    def block(self, where: Where) -> Span:
        """Return the block of an entry or item: in flow style itself alone, else its lines with their comments."""
        key, node, parent = self._found(where)
        first = (key or node).start_mark.index
        if parent.flow_style:
            return Span(first, node.end_mark.index, 0)
        if key is None:
            first = self.text.rindex(
                "-", 0, first + 1 if self.text[first : first + 1] == "-" and _empty(node) else first
            )
        line = self.text.rfind("\n", 0, first) + 1
        column = first - line
        if self.text[line:first].strip(" "):
            # The first entry of a mapping that begins behind a dash has no line of its own.
            raise CannotMove(f"line {self.text.count(chr(10), 0, first) + 1} holds two things that would have to part")
        end = self._last_line(_end(node, self.text), column)
        return Span(self._with_comments(line, column), end, column)

    def _with_comments(self, line: int, column: int) -> int:
        while line:
            above = self.text.rfind("\n", 0, line - 1) + 1
            text = self.text[above : line - 1]
            if text.strip().startswith("#") and len(text) - len(text.lstrip(" ")) == column:
                line = above
            else:
                break
        return line + column

    def _last_line(self, end: int, column: int) -> int:
        """Return the end of the line, and of the comments below it that stand deeper than the block."""
        end = self._line_end(end)
        while end < len(self.text):
            following = self._line_end(end + 1)
            line = self.text[end + 1 : following]
            if not (line.strip().startswith("#") and len(line) - len(line.lstrip(" ")) > column):
                break
            end = following
        return end

    def _line_end(self, start: int) -> int:
        found = self.text.find("\n", start)
        return len(self.text) if found < 0 else found

    def replace(self, start: int, end: int, new: str) -> None:
        """Note an edit; one that changes nothing is none."""
        if self.text[start:end] != new:
            self.edits[start, end] = new

    def result(self) -> str:
        """Return the whole text with everything done to it."""
        return self._rendered(0, len(self.text), {**self.edits, **self.moves})

    def _rendered(self, start: int, end: int, edits: Mapping[tuple[int, int], str]) -> str:
        """Return a piece of the text with the edits inside it; of two that lie in each other the outer one counts."""
        inside = sorted((key for key in edits if start <= key[0] and key[1] <= end), key=lambda key: (key[0], -key[1]))
        found, at = [], start
        for first, last in inside:
            if first < at:
                continue
            found += [self.text[at:first], edits[first, last]]
            at = last
        return "".join([*found, self.text[at:end]])

    def refill(self, container: Where, slots: Sequence[Where], blocks: Sequence[Where]) -> None:
        """Put blocks into the slots of a container, one after the other; what has no slot follows the last one.

        Parameters
        ----------
        container
            The mapping or list.
        slots
            Its entries that give up their places, in the order of the text.
        blocks
            What is put there: entries of this container, or of another one.
        """
        if list(slots) == list(blocks):
            return
        node = self.node(container)
        keys = [k.value for k, _ in node.value] if isinstance(node, yaml.MappingNode) else range(len(node.value))
        entries: list[Where] = [(*container, key) for key in keys]
        spans = [self.block(where) for where in entries]
        filled = _filled(entries, list(slots), list(blocks))
        if node.flow_style and "#" in _between(self.text, node):
            line = node.start_mark.line + 1
            raise CannotMove(f"line {line} begins a list in brackets with comments in it; write one entry a line")
        pieces = [self._piece(where, spans[0].column, node) for _, where in filled]
        gaps = [self.text[a.end : b.start] for a, b in zip(spans, spans[1:], strict=False)]
        usual = next((g for g in reversed(gaps) if not g.strip(" \r\n,")), "")
        lead = self.text[node.start_mark.index + 1 : spans[0].start]
        own = "," + (lead if lead and not lead.strip() else " ") if node.flow_style else "\n" + " " * spans[0].column
        usual = usual or own
        text = "".join(
            ("" if n == 0 else gaps[at - 1] if at is not None and at > 0 else usual) + piece
            for n, ((at, _), piece) in enumerate(zip(filled, pieces, strict=True))
        )
        self.moves[spans[0].start, spans[-1].end] = text

    def _piece(self, where: Where, column: int, container: Any) -> str:
        """Return an entry as it stands in a container, at a column of it."""
        span, flow = self.block(where), bool(container.flow_style)
        _, item, parent = self._found(where)
        if isinstance(parent, yaml.SequenceNode) and bool(parent.flow_style) != flow:
            return self._restyled(span, item, flow)
        # A move of this very piece says what comes into its place, and nothing of the piece itself.
        within = {key: new for key, new in self.moves.items() if key != (span.start, span.end)}
        text = self._rendered(span.start, span.end, {**self.edits, **within})
        if flow or span.column == column:
            return text
        first, *rest = text.split("\n")
        shift = column - span.column
        moved = [
            " " * shift + line if shift > 0 and line.strip() else line[min(-shift, _indent(line)) :] for line in rest
        ]
        return "\n".join([first, *moved])

    def _restyled(self, span: Span, item: Any, flow: bool) -> str:
        """Return an item that goes from a list in brackets to one of lines, or the other way."""
        text = self.text[span.start : span.end]
        if not flow and "\n" not in text:
            return f"- {text}"
        own = self.text[item.start_mark.index : _end(item, self.text)]
        if "\n" in own or text.lstrip("-").strip() != own:
            line = item.start_mark.line + 1
            raise CannotMove(f"the entry of line {line} fits no list of the other form; write both lists alike")
        return own

    def remove(self, container: Where, keys: Sequence[str | int]) -> None:
        """Take entries out of a container: with the empty lines behind them, or the commas of a flow list."""
        for start, end in self._gone(container, keys):
            self.moves[start, end] = ""

    def _gone(self, container: Where, keys: Sequence[str | int]) -> list[tuple[int, int]]:
        node = self.node(container)
        if not node.flow_style:
            return [self._gone_lines((*container, key)) for key in keys]
        names = [k.value for k, _ in node.value] if isinstance(node, yaml.MappingNode) else range(len(node.value))
        spans = [self.block((*container, name)) for name in names]
        found: list[tuple[int, int]] = []
        for i, name in enumerate(names):
            if name not in keys:
                continue
            # A run at the end goes with the comma before it, any other one with the comma behind.
            last = next((j for j in range(i, len(spans)) if list(names)[j] not in keys), len(spans)) == len(spans)
            if not last:
                found.append((spans[i].start, spans[i + 1].start))
            elif i:
                found.append((spans[i - 1].end, spans[i].end))
            else:
                found.append((spans[i].start, spans[-1].end))
                break
        return found

    def _gone_lines(self, where: Where) -> tuple[int, int]:
        span = self.block(where)
        end = min(len(self.text), span.end + 1)
        while (line := self.text[end : self._line_end(end) + 1]) and not line.strip():
            end += len(line)
        return span.start - span.column, end

    def set_names(self, owner: Where, key: str, names: Sequence[str], after: str | None = None) -> None:
        """Write a list of names under a key of a mapping, in the form that stands there.

        Parameters
        ----------
        owner
            The mapping.
        key
            The key; made where it is not there, taken out where there are no names.
        names
            What shall stand there.
        after
            The key behind which a new one is made; the first line of the mapping if left out.
        """
        if not self.has((*owner, key)):
            if names:
                self._insert(owner, key, f"[{', '.join(map(plainly, names))}]", after)
            return
        node = self.node((*owner, key))
        if not names:
            self._take_out(owner, key, node)
        elif isinstance(node, yaml.SequenceNode) and not node.flow_style:
            self._set_lines((*owner, key), node, names)
        else:
            old = [item.value for item in node.value] if isinstance(node, yaml.SequenceNode) else [node.value]
            if old != list(names):
                if isinstance(node, yaml.SequenceNode) and "#" in _between(self.text, node):
                    line = node.start_mark.line + 1
                    raise CannotMove(f"line {line} begins names in brackets with comments in it; write one a line")
                text = plainly(names[0]) if isinstance(node, yaml.ScalarNode) and len(names) == 1 else None
                text = text or f"[{', '.join(map(plainly, names))}]"
                self.replace(node.start_mark.index, _end(node, self.text), text)

    def _take_out(self, owner: Where, key: str, node: Any) -> None:
        """Take an ordering line out; what people wrote beside it stays, as a comment of its own."""
        (span,) = self._gone(owner, [key])
        parent = self.node(owner)
        if parent.flow_style:
            self.edits[span] = ""
            return
        whole = self.block((*owner, key))
        kept = _comments(self.text[whole.start : whole.end])
        self.edits[span] = "".join(f"{' ' * whole.column}{text}\n" for text in kept)

    def _set_lines(self, where: Where, node: Any, names: Sequence[str]) -> None:
        """Change the names of a list, one a line: each keeps the comment beside it."""
        spans = [self.block((*where, i)) for i in range(len(node.value))]
        lines = dict(zip((item.value for item in node.value), spans, strict=True))
        if list(lines) == list(names):
            return
        new = iter([name for name in names if name not in lines])
        found: list[str] = []
        for item, (name, span) in zip(node.value, lines.items(), strict=False):
            text = self.text[span.start : span.end]
            if name in names:
                found.append(text)
            elif (other := next(new, None)) is not None:
                first, last = (mark.index - span.start for mark in (item.start_mark, item.end_mark))
                found.append(text[:first] + plainly(other) + text[last:])
            else:
                found += _comments(text)
        found += [f"- {plainly(name)}" for name in new]
        self.replace(spans[0].start, spans[-1].end, ("\n" + " " * spans[0].column).join(found))

    def set_number(self, owner: Where, key: str, number: int, after: str) -> None:
        """Write a whole number under a key of a mapping, made behind another key, which has to be there."""
        self.node((*owner, after))
        if not self.has((*owner, key)):
            self._insert(owner, key, str(number), after)
            return
        node = self.node((*owner, key))
        old = self.text[node.start_mark.index : node.end_mark.index]
        quote = old[:1] if old[:1] in "\"'" else ""
        if node.value != str(number):
            self.replace(node.start_mark.index, node.end_mark.index, f"{quote}{number}{quote}")

    def _insert(self, owner: Where, key: str, value: str, after: str | None) -> None:
        node = self.node(owner)
        if node.flow_style or after is not None:
            name = after if after is not None and self.has((*owner, after)) else node.value[0][0].value
            self._insert_behind(owner, node, key, value, name)
        else:
            first = node.value[0][0].start_mark
            self.edits[first.index, first.index] = f"{key}: {value}\n{' ' * first.column}"

    def _insert_behind(self, owner: Where, node: Any, key: str, value: str, name: str) -> None:
        found, below, _ = self._found((*owner, name))
        end = _end(below, self.text)
        if not node.flow_style:
            end = self._line_end(end)
            self.edits[end, end] = f"\n{' ' * found.start_mark.column}{key}: {value}"
            return
        quoted = f'"{key}"' if self.text[found.start_mark.index] == '"' else key
        gap = re.search(r"[,{](\s*)$", self.text[: found.start_mark.index])
        self.edits[end, end] = f",{gap[1] if gap and gap[1] else ' '}{quoted}: {value}"


def _filled(entries: list[Where], slots: list[Where], blocks: list[Where]) -> list[tuple[int | None, Where]]:
    """Return what stands in a container afterwards: the place whose gap it gets, and the block."""
    queue, found = list(blocks), list[tuple[int | None, Where]]()
    last = slots[-1]
    for at, where in enumerate(entries):
        if where not in slots:
            found.append((at, where))
        elif queue:
            found.append((at, queue.pop(0)))
        if where == last:
            found += [(None, block) for block in queue]
            queue = []
    return found


def _children(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _between(text: str, node: Any) -> str:
    """Return what stands between the entries of a collection in brackets: commas, spaces, comments."""
    at, found = node.start_mark.index, []
    for entry in node.value:
        first, last = entry if isinstance(entry, tuple) else (entry, entry)
        found.append(text[at : first.start_mark.index])
        at = last.end_mark.index
    return "".join([*found, text[at : node.end_mark.index]])


def _empty(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.start_mark.index == node.end_mark.index


def _end(node: Any, text: str) -> int:
    """Return where the content of a node ends: a block collection's mark stands at what follows it."""
    below = [value for pair in node.value for value in pair] if isinstance(node, yaml.MappingNode) else None
    below = node.value if isinstance(node, yaml.SequenceNode) else below
    if below and not node.flow_style:
        return max(_end(value, text) for value in below)
    end: int = node.end_mark.index
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        while end > node.start_mark.index and text[end - 1] in " \r\n":
            end -= 1
    return end


def _comments(text: str) -> list[str]:
    """Return the comments of some lines that hold nothing but names."""
    return [match[1] for line in text.split("\n") if (match := re.search(r"(?:^|\s)(#.*)$", line))]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
