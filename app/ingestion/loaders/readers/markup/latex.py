"""LaTeX on pylatexenc: headings, lists and tables by their commands, the rest as the text that they set."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec
from pylatexenc.latex2text import get_default_latex_context_db as get_default_latex_text_db
from pylatexenc.latexwalker import (
    LatexEnvironmentNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexNode,
    LatexWalker,
    LatexWalkerError,
    get_default_latex_context_db,
)
from pylatexenc.macrospec import LatexContextDb, std_macro

from app.domain.reading import DocumentProperties, DocumentWarning, WarningKind
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element, Heading, Lines, ListItem, Note, Paragraph, Picture, Row, Table
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.text.plain import paragraphs
from app.ingestion.loaders.text import decode

_HEADINGS = {
    "part": 1,
    "chapter": 1,
    "section": 1,
    "subsection": 2,
    "subsubsection": 3,
    "paragraph": 4,
    "subparagraph": 5,
    "frametitle": 2,
}
_LISTS = frozenset({"itemize", "enumerate", "description"})
_VERBATIM = frozenset({"verbatim", "lstlisting", "minted", "alltt", "Verbatim"})
_TABLES = frozenset({"tabular", "tabular*", "tabularx", "longtable", "tabulary", "array"})
_FORMULAS = frozenset({"equation", "equation*", "align", "align*", "gather", "gather*", "displaymath", "multline"})
_UNSEEN = frozenset({"maketitle", "title", "author", "date", "tableofcontents", "label", "bibliography"})
_ROW_END = re.compile(r"\\\\(?:\s*\[[^\]]*\])?|\\tabularnewline\b")
_CELL_END = re.compile(r"(?<!\\)&")
_RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot)\b|\\c(?:line|midrule)\{[^}]*\}"
)
_BLANK = re.compile(r"\n[ \t]*\n")
_COMMAND = re.compile(r"\\(?:(?:re)?newcommand\*?\s*\{?|def\s*)\\([a-zA-Z]+)\}?\s*\{([^{}\\#]{1,200})\}")
_MOST_COMMANDS = 100_000
# Macros that the library does not know: how many arguments they have, and how they are written.
_MACROS = {
    "href": (2, ""),
    "url": (1, ""),
    "textsuperscript": (1, "^%(1)s"),
    "textsubscript": (1, "%(1)s"),
    "multirow": (3, "%(3)s"),
    "SI": (2, "%(1)s %(2)s"),
    "qty": (2, "%(1)s %(2)s"),
    "bibitem": (1, "[%(1)s] "),
    "cite": (1, "[%(1)s]"),
    "frametitle": (1, "%(1)s"),
    "column": (1, " "),
    "today": (0, " "),
}
_ACROSS = re.compile(r"\s*\\multicolumn\s*\{(\d{1,2})\}\s*\{[^{}]*\}\s*\{(.*)\}\s*", re.DOTALL)


def read(source: Source) -> Iterator[Element]:
    decoded = decode(source.content)
    yield from decoded.warnings
    text = _with_commands(decoded.text)
    walker = LatexWalker(text, tolerant_parsing=True, latex_context=_known_macros())
    try:
        nodes, _, _ = walker.get_latex_nodes()
    except (LatexWalkerError, RecursionError):
        yield DocumentWarning(WarningKind.STRUCTURE_GUESSED, "The LaTeX could not be parsed; its source is read.")
        yield from paragraphs(text)
        return
    title = next((_argument(node) for node in nodes if _is_macro(node, "title")), "")
    author, date = (
        next((_argument(node) for node in nodes if _is_macro(node, name)), "") for name in ("author", "date")
    )
    if title:
        yield DocumentProperties(title, author or None)
        yield Heading(1, title)
    yield from (Paragraph(said) for said in (author, date) if said)
    bodies = [
        node for node in nodes if isinstance(node, LatexEnvironmentNode) and node.environmentname == "document"
    ]
    yield from _Walk().blocks(bodies[0].nodelist if bodies else nodes, 1 if title else 0)


def _with_commands(text: str) -> str:
    """Put in the short plain texts that a file gives names to by `newcommand` or `def`."""
    given = dict(_COMMAND.findall(text))
    if not given:
        return text
    uses = re.compile(rf"\\({'|'.join(given)})(?![a-zA-Z])(?:\{{\}}| (?=\w))?")
    return uses.sub(lambda found: str(given[found[1]]), _COMMAND.sub("", text), count=_MOST_COMMANDS)


def _known_macros() -> LatexContextDb:
    """The library's, and those that it takes for macros without arguments."""
    known = get_default_latex_context_db()
    macros = [std_macro(name, None, number) for name, (number, _) in _MACROS.items()]
    known.add_context_category("more", prepend=True, macros=macros)
    return known


def _written_macros() -> LatexContextDb:
    written = get_default_latex_text_db()
    macros = [MacroTextSpec(name, simplify_repl=pattern) for name, (_, pattern) in _MACROS.items() if pattern]
    written.add_context_category("more", prepend=True, macros=macros)
    return written


@cache
def _writer() -> LatexNodes2Text:
    return LatexNodes2Text(math_mode="verbatim", keep_comments=False, latex_context=_written_macros())


def _is_macro(node: LatexNode, name: str) -> bool:
    return isinstance(node, LatexMacroNode) and node.macroname == name


def _argument(node: LatexMacroNode) -> str:
    given = [part for part in (node.nodeargd.argnlist if node.nodeargd else ()) or () if part is not None]
    return clean_line(_text(given[-1:])) if given else ""


def _text(nodes: Sequence[LatexNode]) -> str:
    try:
        text: str = _writer().nodelist_to_text(list(nodes))
    except Exception:  # noqa: BLE001 - the library raises whatever it stumbles over, as where an argument is missing
        text = "".join(node.latex_verbatim() for node in nodes)
    return text


class _Walk:
    """Gathers inline nodes into paragraphs, and gives out other blocks as they come."""

    def __init__(self) -> None:
        self._inline: list[LatexNode] = []
        self._notes: list[str] = []

    def blocks(self, nodes: Sequence[LatexNode], level: int) -> Iterator[Element]:
        for node in nodes:
            if isinstance(node, LatexMacroNode) and node.macroname in _HEADINGS:
                yield from self._flush()
                yield Heading(_HEADINGS[node.macroname] + level, _argument(node))
            elif isinstance(node, LatexMacroNode) and node.macroname in _UNSEEN:
                continue
            elif isinstance(node, LatexMacroNode) and node.macroname in ("caption", "footnote", "includegraphics"):
                yield from self._aside(node)
            elif isinstance(node, LatexEnvironmentNode):
                yield from self._flush()
                yield from self._environment(node, level)
            elif isinstance(node, LatexGroupNode) and any(
                isinstance(n, LatexEnvironmentNode) for n in node.nodelist
            ):
                yield from self.blocks(node.nodelist, level)
            else:
                self._inline.append(node)
        yield from self._flush()

    def _aside(self, node: LatexMacroNode) -> Iterator[Element]:
        if node.macroname == "includegraphics":
            yield Picture()
            return
        if node.macroname == "footnote":
            self._notes.append(_argument(node))
            return
        yield from self._flush()
        yield Paragraph(_argument(node))

    def _environment(self, node: LatexEnvironmentNode, level: int) -> Iterator[Element]:
        name = node.environmentname
        if name in _TABLES:
            yield _table(node.latex_verbatim())
        elif name in _LISTS:
            yield from self._list(node, level)
        elif name in _VERBATIM:
            body = node.latex_verbatim().partition("}")[2].rpartition("\\end")[0]
            yield Lines(body.strip("\n"), "")
        elif name in _FORMULAS:
            yield Paragraph(clean_line(node.latex_verbatim()))
        else:
            if name == "abstract":
                yield Heading(1 + level, "Abstract")
            yield from _Walk().blocks(node.nodelist, level)

    def _list(self, node: LatexEnvironmentNode, level: int) -> Iterator[Element]:
        for number, within in enumerate(_items(node.nodelist), 1):
            marker = f"{number}." if node.environmentname == "enumerate" else "-"
            for at, element in enumerate(_Walk().blocks(within, level)):
                yield ListItem(element.text, marker) if at == 0 and isinstance(element, Paragraph) else element

    def _flush(self) -> Iterator[Element]:
        text = _text(self._inline)
        self._inline = []
        for block in _BLANK.split(text):
            if said := clean_line(block):
                yield Paragraph(said)
        yield from (Note(said, "note") for said in self._notes)
        self._notes = []


def _items(nodes: Sequence[LatexNode]) -> Iterator[list[LatexNode]]:
    items: list[list[LatexNode]] = []
    for node in nodes:
        if _is_macro(node, "item"):
            items.append([part for part in (node.nodeargd.argnlist if node.nodeargd else ()) if part is not None])
        elif items:
            items[-1].append(node)
    yield from items


def _table(source: str) -> Table:
    r"""Cells between `&`, rows between `\\`; the columns' declaration comes first, in braces."""
    body = _columns_end(source)
    rows: list[Row] = []
    for line in _ROW_END.split(_RULES.sub("", body)):
        cells = [text for cell in _CELL_END.split(line) for text in _cells(cell)]
        if any(cells):
            rows.append(tuple(cells))
    return Table(tuple(rows[1:]), tuple(rows[:1])) if len(rows) > 1 else Table(tuple(rows))


def _cells(source: str) -> list[str]:
    """A cell's text, in each column that it covers."""
    across = _ACROSS.fullmatch(source)
    nodes, _, _ = LatexWalker(
        across[2] if across else source, tolerant_parsing=True, latex_context=_known_macros()
    ).get_latex_nodes()
    return [clean_line(_text(nodes))] * (int(across[1]) if across else 1)


def _columns_end(source: str) -> str:
    body = source.partition("}")[2].rpartition("\\end{")[0].lstrip()
    while body.startswith(("{", "[")):
        closing = "}" if body[0] == "{" else "]"
        depth = 0
        for at, char in enumerate(body):
            depth += (char == body[0]) - (char == closing)
            if depth == 0:
                body = body[at + 1 :].lstrip()
                break
        else:
            break
    return body
