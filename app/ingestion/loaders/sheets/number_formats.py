"""Number formats (ECMA-376 part 1, 18.8.31) as tokens, by sections for positive, negative, zero and text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<general>General)|'
    r"(?P<noon>AM/PM|A/P)|(?P<date>y+|m+|d+|h+|s+|e+(?![+-])|g+)|(?P<exponent>E[+-])|(?P<digit>[0#?])|"
    r"(?P<sign>[.,%/@])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[\d.]+)")
_CURRENCY = re.compile(r"\$([^-\]]*)")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
ISO_DATE, ISO_MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
# Built-in formats 14 and 22, which Excel shows in the viewer's own order of day and month.
_REGIONAL = {"mm-dd-yy": ISO_DATE, "m/d/yy": ISO_DATE, "m/d/yy h:mm": ISO_MOMENT, "m/d/yyyy": ISO_DATE}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class FormatSection:
    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None = None

    def has(self, kind: str) -> bool:
        return any(token.kind == kind for token in self.tokens)


@lru_cache(maxsize=1000)
def sections_of(code: str) -> tuple[FormatSection, ...]:
    """One to four sections; a code without any is "General"."""
    sections: list[FormatSection] = []
    tokens: list[Token] = []
    condition: tuple[str, float] | None = None
    for match in _TOKEN.finditer(_REGIONAL.get(code, code or "General")):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0] if match.lastgroup else " "
        if kind == "other" and text == ";":
            sections.append(FormatSection(tuple(_without_fractions(_with_minutes(tokens))), condition))
            tokens, condition = [], None
        elif kind == "bracket":
            limit = _CONDITION.fullmatch(text)
            symbol = _CURRENCY.match(text)
            if limit:
                condition = (limit[1], float(limit[2]))
            elif symbol:
                tokens.append(Token("literal", symbol[1]))
            elif _ELAPSED.fullmatch(text):
                tokens.append(Token("elapsed", text[0].lower() * len(text)))
        elif kind in {"quoted", "escaped", "other"}:
            tokens.append(Token("literal", text))
        elif kind:
            tokens.append(Token(kind, text.lower() if kind == "date" else text))
        elif match[0][0] == "_":
            tokens.append(Token("literal", " "))
    return (*sections, FormatSection(tuple(_without_fractions(_with_minutes(tokens))), condition))


def _with_minutes(tokens: Sequence[Token]) -> list[Token]:
    """`m` after hours or before seconds is minutes."""
    told = list(tokens)
    timed = [n for n, token in enumerate(told) if token.kind in {"date", "elapsed"}]
    for place, n in enumerate(timed):
        before = told[timed[place - 1]].text[0] if place else ""
        after = told[timed[place + 1]].text[0] if place + 1 < len(timed) else ""
        if told[n].kind == "date" and told[n].text in {"m", "mm"} and (before == "h" or after == "s"):
            told[n] = Token("date", "n" * len(told[n].text))
    return told


def _without_fractions(tokens: list[Token]) -> list[Token]:
    """Seconds are shown whole."""
    if not any(token.kind in {"date", "elapsed"} for token in tokens):
        return tokens
    following = [*(token.kind for token in tokens[1:]), ""]
    return [
        token
        for token, after in zip(tokens, following, strict=True)
        if token.kind != "digit" and not (token.text == "." and after == "digit")
    ]
