"""Pages and quarters that a question names."""

import re

_PAGE = re.compile(
    r"\b(?:pages?|pp?\.|slides?|sheets?|seiten?|folien?|bl[aä]tt(?:er)?|tabellenblatt|p[aá]ginas?|diapositivas?|diapos?"
    r"|pagin[ae]|strony?|страниц[аеуы]|стр\.)\s*(?:no\.?|nr\.?|number|nummer|#|№)?\s*(\d{1,4})"
    r"(?:\s*(?:-|\u2013|to|bis|à|a)\s*(\d{1,4}))?\b",
    re.IGNORECASE,
)
_CJK_PAGE = re.compile(r"第?\s*(\d{1,4})\s*(?:页|頁|ページ|쪽|페이지)")
_QUARTER = re.compile(
    r"\b(?:(first|second|third|fourth|1st|2nd|3rd|4th)[\s-]+quarter|quarter\s+([1-4])"
    r"|(erste|zweite|dritte|vierte|[1-4]\.)[nrsm]?\s+quartal)\b",
    re.IGNORECASE,
)
_GERMAN_ORDINALS = ("erste", "zweite", "dritte", "vierte")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL = re.compile(
    rf"\b(?:({'|'.join(_ORDINALS)})|(\d{{1,4}})(?:st|nd|rd|th))\s+(?:page|slide)\b", re.IGNORECASE
)
# A range of more pages names none of them.
_WIDEST = 10


def pages_in(question: str) -> list[int]:
    """The numbers of the pages that the question names, in order; the number of a slide is that of its page."""
    found: set[int] = set()
    for first, last in _PAGE.findall(question):
        begin, end = int(first), int(last or first)
        found |= set(range(begin, end + 1)) if begin <= end < begin + _WIDEST else {begin}
    found |= {int(number) for number in _CJK_PAGE.findall(question)}
    for word, number in _ORDINAL.findall(question):
        found.add(int(number) if number else _ORDINALS.index(word.lower()) + 1)
    return sorted(found - {0})


def quarters_in(question: str) -> list[str]:
    """The quarters that the question names in words, as files do in their names: "the third quarter" as "Q3"."""
    found: dict[str, None] = {}
    for groups in _QUARTER.findall(question):
        word = next(filter(None, groups)).lower()
        places = [names.index(word) + 1 for names in (_ORDINALS, _GERMAN_ORDINALS) if word in names]
        found[f"Q{places[0] if places else word[0]}"] = None
    return list(found)
