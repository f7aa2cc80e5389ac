"""What a question is about: a fact, for which passages are searched, or the documents themselves."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from app.generation.overviews.dates import date_in
from app.generation.overviews.intent_rules import COMPARE, FILES, LIST, NEW, SUMMARY, compiled
from app.generation.terms import terms


class Subject(StrEnum):
    """What is asked for: which documents there are, which changed, what one says, how two differ, all of a kind."""

    FILES = "files"
    NEW = "new"
    SUMMARY = "summary"
    COMPARE = "compare"
    LIST = "list"


class Pointing(StrEnum):
    """How a question points at documents that it does not name: "this document", "these documents"."""

    ONE = "one"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Intent:
    """
    Attributes:
        subject: what is asked for.
        what: what the question says of its object: a document's name, a topic, two of them.
        since: of `NEW`, if the question gives a date.
        sides: of `COMPARE`, the two topics, if the question gives two.
        pointing: of `SUMMARY` and `COMPARE`, if `what` says no more than "this" or "the documents", or nothing.
    """

    subject: Subject
    what: str = ""
    since: datetime | None = None
    pointing: Pointing | None = None
    sides: tuple[str, str] | None = None


_ONE = frozenset(
    """
    this that it the a an here is document file page pdf paper report text article book attached uploaded
    last latest
    dies diese dieser dieses diesem das der die den es dokument datei seite text bericht artikel buch hier
    ce cet cette ceci cela ça le la l un une document fichier texte rapport article livre ici
    este esta esto el la un una documento archivo fichero texto informe artículo libro aquí
    questo questa il lo la un una documento file testo rapporto articolo libro qui
    isto este esta o a um uma documento arquivo ficheiro texto relatório artigo livro aqui
    dit deze dat de het een document bestand tekst rapport artikel boek hier
    to ten ta tym tego tej dokument dokumencie dokumentu plik pliku tekst tekście raport artykuł książka tu tutaj
    in dans en nel nella em no na w of du de del di do van
    """.split()  # noqa: SIM905 - a list of words reads better than 150 literals
)
_ALL = frozenset(
    """
    these those all my your our documents files docs everything collection library folder pages papers reports two
    both
    alle alles diesen denen meine deine unsere dokumente dokumenten dateien unterlagen sammlung beide beiden zwei
    ces tous toutes tout mes les documents fichiers collection deux
    estos estas todos todas todo mis los las documentos archivos ficheros colección dos ambos
    questi queste tutti tutte tutto i gli documenti file raccolta due entrambi
    estes estas todos todas tudo os as documentos arquivos ficheiros coleção dois ambos
    alle alles mijn documenten bestanden verzameling beide twee
    te wszystkie wszystko moje dokumenty dokumentów pliki plików kolekcja oba dwa
    """.split()  # noqa: SIM905 - as above
)
_UNSPACED_ONE = re.compile(
    "这个|这份|这篇|该|此|本|文档|文件|文章|报告|资料|これ|この|文書|ファイル|ドキュメント|資料|書類|レポート|[はをのがにで、。的了]|ください|请"
)
_UNSPACED_ALL = re.compile("这些|所有|全部|两个|两份|都|これらの?|すべて|全て|全部|二つ|[2二]つ")
_WORD = re.compile(r"[^\W_]+")
_FILES = compiled(FILES)
_NEW = compiled(NEW)
_WITH_OBJECT = {
    Subject.COMPARE: compiled(COMPARE),
    Subject.LIST: compiled(LIST),
    Subject.SUMMARY: compiled(SUMMARY),
}
_OF_FILES = re.compile(
    r"(?:files|documents|docs|dateien|dokumente|fichiers|archivos|arquivos|bestanden|pliki)\b", re.IGNORECASE
)
# "Compare X and Y" asks for both; "the difference between X and Y" may stand in one passage.
_VERBS = compiled({language: patterns[0] for language, patterns in COMPARE.items()})
_BETWEEN = re.compile(
    r"\s+(?:and|with|to|versus|vs\.?|against|und|mit|et|avec|y|con|e|com|en|met|i|oraz|z)\s+|\s*[和与跟、と]\s*",
    re.IGNORECASE,
)
# Characters: nobody asks for documents in more words.
_LONGEST = 300
# A listing of more than that is a question for facts.
_MOST_LISTED_TERMS = 8
_HINTS = re.compile(
    r"\b(?:documents?|files?|docs?|pdfs?|summar\w+|overview|gist|compar\w+|differ\w*|recent\w*|latest|every|all|new"
    r"|dokument\w*|datei\w*|zusammenfass\w*|überblick|vergleich\w*|unterschied\w*|neu\w*|alle|fichiers?|résum\w*|nouve\w*|tou[st]\w*"
    r"|archivos?|documentos?|resum\w*|diferenci\w*|nuev\w*|tod[oa]s|documenti|riassun\w*|differenz\w*|nuov\w*|tutt\w*|arquivos?"
    r"|nov\w*|bestand\w*|documenten|samenvat\w*|verschil\w*|nieuw\w*|plik\w*|streszcz\w*|różnic\w*|wszystki\w*)\b"
    "|文档|文件|总结|概括|比较|区别|所有|全部|最近|文書|ファイル|ドキュメント|資料|要約|比較|違い|すべて|全て|最近",
    re.IGNORECASE,
)


def intent_of(question: str, now: datetime | None = None) -> Intent | None:
    """What the question asks of the documents as such; None if it asks for a fact."""
    question = " ".join(question.split())
    if len(question) > _LONGEST:
        return None
    if _matched(_FILES, question) is not None:
        return Intent(Subject.FILES)
    if _matched(_NEW, question) is not None:
        return intent_for(Subject.NEW, question, now)
    for subject, patterns in _WITH_OBJECT.items():
        what = _matched(patterns, question)
        if what is None:
            continue
        if subject is not Subject.LIST:
            compared = subject is Subject.COMPARE and _matched(_VERBS, question) is not None
            sides = _sides(what) if compared else None
            return Intent(subject, what=what, pointing=pointing_of(what), sides=sides)
        if 0 < len(terms(what)) <= _MOST_LISTED_TERMS and not _OF_FILES.match(what):
            return Intent(subject, what=what)
    return None


def intent_for(subject: Subject, question: str, now: datetime | None = None) -> Intent:
    """The intent of a question whose subject is known, though no rule tells its object."""
    if subject is Subject.NEW:
        return Intent(subject, since=date_in(question, now or datetime.now(UTC)))
    if subject is Subject.FILES:
        return Intent(subject)
    pointing = _last_pointing(question) if subject is not Subject.LIST else None
    return Intent(subject, what=question, pointing=pointing)


def may_be_about_documents(question: str) -> bool:
    """Whether a word of the question hints at the documents as such, so that it is worth asking a model."""
    return bool(_HINTS.search(question))


def pointing_of(what: str) -> Pointing | None:
    """How `what` points at documents without a name; None if it says more than that."""
    several = bool(_UNSPACED_ALL.search(what))
    rest = _UNSPACED_ONE.sub(" ", _UNSPACED_ALL.sub(" ", what))
    words = _WORD.findall(rest.lower())
    if any(word not in _ONE and word not in _ALL for word in words):
        return None
    return Pointing.ALL if several or any(word in _ALL and word not in _ONE for word in words) else Pointing.ONE


def _sides(what: str) -> tuple[str, str] | None:
    parts = [part.strip() for part in _BETWEEN.split(what) if part.strip()]
    return (parts[0], parts[1]) if len(parts) == 2 else None  # noqa: PLR2004


def _last_pointing(question: str) -> Pointing:
    words = set(_WORD.findall(question.lower()))
    return Pointing.ALL if words & (_ALL - _ONE) or _UNSPACED_ALL.search(question) else Pointing.ONE


def _matched(patterns: list[re.Pattern[str]], question: str) -> str | None:
    """What the first pattern that fits the question says of its object; None if none fits."""
    for pattern in patterns:
        if found := pattern.fullmatch(question):
            parts = found.groupdict()
            return " ".join(filter(None, (parts.get("what"), parts.get("other")))).strip(" .,:;?!\"'")
    return None
