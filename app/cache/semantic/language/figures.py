"""The figures of a question: numbers with their units, dates, versions."""

from collections.abc import Iterator, Sequence

from app.cache.semantic.language.vocabulary import (
    CURRENCIES,
    MAGNITUDES,
    MONTHS,
    NUMBER_WORDS,
    ORDINALS,
    ROMAN,
    UNITS,
    WEEKDAYS,
)
from app.cache.semantic.language.words import Word

_NOTHING = Word("", "")
# Months and weekdays that are ordinary words too, unless they have a capital or a figure beside them.
_AMBIGUOUS = frozenset({"may", "march", "mar", "sat", "sun", "mon", "wed"})


def figures(words: Sequence[Word]) -> tuple[str, ...]:
    """Return every figure in order and in one spelling: `15k rs`, `₹15,000` and `15,000 rupees` are `15000 inr`.

    Versions and decimals keep their spelling: 3.10 is not 3.1.
    """
    return tuple(_figures(words))


def _figures(words: Sequence[Word]) -> Iterator[str]:
    scaled = -1
    for at, word in enumerate(words):
        before = words[at - 1] if at else _NOTHING
        after = words[at + 1] if at + 1 < len(words) else _NOTHING
        if at == scaled:
            continue
        if word.is_figure:
            value, taken = _scaled(word, after)
            scaled = at + taken
            unit = words[at + taken + 1] if at + taken + 1 < len(words) else _NOTHING
            yield _with_unit(value, before, unit)
        elif word.text in NUMBER_WORDS:
            yield _with_unit(NUMBER_WORDS[word.text], before, after)
        elif word.is_name and word.text in ROMAN:
            yield ROMAN[word.text]
        elif _is_calendar(word, before, after):
            yield MONTHS.get(word.text) or WEEKDAYS[word.text]


def _is_calendar(word: Word, before: Word, after: Word) -> bool:
    if word.text not in MONTHS and word.text not in WEEKDAYS:
        return False
    return word.text not in _AMBIGUOUS or word.is_name or before.is_figure or after.is_figure


def _scaled(figure: Word, after: Word) -> tuple[str, int]:
    """Return the figure times the magnitude after it, and the number of words taken."""
    power = MAGNITUDES.get(after.text)
    whole, _, fraction = figure.text.partition(".")
    if after.text in ORDINALS and after.glued:
        return figure.text + after.text, 1
    if power is None or (len(after.text) == 1 and not after.glued) or not (whole + fraction).isdigit():
        return figure.text, 0
    fraction = fraction.rstrip("0")
    if len(fraction) > power:
        return f"{figure.text}e{power}", 1
    return (whole + fraction.ljust(power, "0")).lstrip("0") or "0", 1


def _with_unit(value: str, before: Word, after: Word) -> str:
    # A single letter is a unit only where it is written against its figure: 5g, but not "top 5 g".
    unit = UNITS.get(after.text) if len(after.text) > 1 or after.glued or not after.text.isalpha() else None
    unit = unit or CURRENCIES.get(after.text) or CURRENCIES.get(before.text)
    return f"{value} {unit}" if unit else value
