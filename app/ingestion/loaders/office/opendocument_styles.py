"""What an OpenDocument file keeps in its styles: the numbers of lists and headings, raised and hidden text."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.ingestion.loaders.office.numbering import written
from app.ingestion.loaders.office.package import Node, attribute, local

_FORMATS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_LEVELS = 10
_OUTLINE = "outline"


def number_of(node: Node, name: str, default: int = 1) -> int:
    value = attribute(node, name) or ""
    return int(value) if value.isdigit() else default


@dataclass(frozen=True, slots=True)
class _Level:
    """`shown` is how many levels a number tells: 2 for 3.1. Without a `format` there is a bullet, or nothing."""

    format: str | None = None
    prefix: str = ""
    suffix: str = ""
    shown: int = 1
    start: int = 1
    bullet: bool = True


@dataclass(slots=True)
class OpenDocumentStyles:
    """Styles by their names, gathered from the parts that hold some; counts of the lists that were read so far."""

    raised: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    _lists: dict[str, dict[int, _Level]] = field(default_factory=dict)
    _counts: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Iterable[Node]) -> "OpenDocumentStyles":
        styles = cls()
        for part in parts:
            for node in part.iter("{*}list-style", "{*}outline-style", "{*}style"):
                styles._add(node)
        return styles

    def _add(self, node: Node) -> None:
        name = attribute(node, "name") or ""
        if local(node) != "style":
            key = name if local(node) == "list-style" else _OUTLINE
            self._lists[key] = {number_of(level, "level"): _level(level) for level in node}
            return
        for said in node.iter("{*}text-properties"):
            if (attribute(said, "text-position") or "").startswith("super"):
                self.raised.add(name)
            if attribute(said, "display") == "none":
                self.hidden.add(name)

    def begin(self, style: str, level: int, *, go_on: bool) -> None:
        """A list begins, or goes on with the last one of its style. `level` counts from 1."""
        counts = self._counts.setdefault(style, [0] * (_LEVELS + 1))
        if not go_on:
            counts[level:] = [0] * (_LEVELS + 1 - level)

    def heading(self, level: int) -> str:
        """The number before the next heading; empty if headings have none."""
        self.begin(_OUTLINE, level, go_on=True)
        return self.marker(_OUTLINE, level, None) if _OUTLINE in self._lists else ""

    def marker(self, style: str, level: int, start: int | None) -> str:
        """What stands before the next item of a list that was begun."""
        levels, counts = self._lists.get(style, {}), self._counts[style]
        own = levels.get(level, _Level())
        counts[level] = start if start is not None else counts[level] + 1 if counts[level] else own.start
        counts[level + 1 :] = [0] * (_LEVELS - level)
        if own.format is None:
            return "-" if own.bullet else ""
        numbers = (
            written(counts[above] or 1, levels.get(above, own).format or "none")
            for above in range(max(1, level - own.shown + 1), level + 1)
        )
        return own.prefix + ".".join(filter(None, numbers)) + own.suffix


def _level(node: Node) -> _Level:
    return _Level(
        _FORMATS.get(attribute(node, "num-format") or ""),
        attribute(node, "num-prefix") or "",
        attribute(node, "num-suffix") or "",
        number_of(node, "display-levels"),
        number_of(node, "start-value"),
        bullet="bullet" in local(node) or "image" in local(node),
    )
