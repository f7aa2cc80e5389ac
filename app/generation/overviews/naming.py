"""Which documents a question names."""

import re
from collections.abc import Iterable, Sequence

# What people leave out when they call a file by its name.
_NOISE = frozenset(
    {
        "final",
        "draft",
        "copy",
        "new",
        "old",
        "version",
        "rev",
        "latest",
        "signed",
        "scan",
        "entwurf",
        "kopie",
        "neu",
    }
)
_VERSION = re.compile(r"v?\d+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LEAST_TERMS = 2


def named_in(question: str, filenames: Sequence[str]) -> list[int]:
    """The places of the files that a question names, longest name first.

    A name is the file's with or without folder and ending, or all words of it but those of a version: "contract
    with North" names `contract_north_v3.txt`. If a file is named in full, words that others share name none.
    """
    asked = f" {_plain(question)} "
    places: dict[str, list[int]] = {}
    for place, filename in enumerate(filenames):
        for name in _names(filename):
            places.setdefault(name, []).append(place)
    found: dict[int, None] = {}
    for name in sorted(places, key=lambda name: (-len(name), name)):
        if _UNSPACED.search(name) and name.replace(" ", "") in question.lower():
            found.update(dict.fromkeys(places[name]))
        elif len(name) > 1 and f" {name} " in asked:
            found.update(dict.fromkeys(places[name]))
            asked = asked.replace(f" {name} ", " / ")
    return list(found) or _loosely(set(asked.split()), filenames)


def _loosely(words: set[str], filenames: Sequence[str]) -> list[int]:
    found = []
    for place, filename in enumerate(filenames):
        telling = [word for word in _plain(stem_of(filename)).split() if _tells(word)]
        if len(telling) >= _LEAST_TERMS and words.issuperset(telling):
            found.append((-len(telling), place))
    return [place for _, place in sorted(found)]


def without_names(text: str, filenames: Iterable[str]) -> str:
    """The text without the names of these files."""
    for filename in filenames:
        for name in sorted({filename, filename.rpartition("/")[2], stem_of(filename)}, key=len, reverse=True):
            parts = [re.escape(part) for part in re.findall(r"[^\W_]+", name)]
            if parts:
                whole = r"(?<![^\W_])" + r"[\W_]+".join(parts) + r"(?![^\W_])"
                text = re.sub(whole, " ", text, flags=re.IGNORECASE)
    return " ".join(text.split())


def stem_of(filename: str) -> str:
    """The name without its folder and its ending."""
    base = filename.rpartition("/")[2]
    return base.rpartition(".")[0] or base


def _names(filename: str) -> set[str]:
    return {_plain(filename), _plain(filename.rpartition("/")[2]), _plain(stem_of(filename))}


def _tells(word: str) -> bool:
    return word not in _NOISE and not _VERSION.fullmatch(word)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
