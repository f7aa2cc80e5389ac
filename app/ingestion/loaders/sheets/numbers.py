"""Numbers in the digits, groups and signs of a number format."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from app.ingestion.loaders.sheets.number_formats import FormatSection, Token

# Larger ones have no digits to show beyond these.
_EXACT = 1e15
_CONTEXT = Context(prec=1000)


def number(value: float, section: FormatSection) -> str:
    """A number as its section writes it."""
    signs = [token.text for token in section.tokens if token.kind == "sign"]
    if not section.has("digit"):
        says = section.has("general") or "@" in signs
        parts = [
            general(value) if token.kind == "general" or token.text == "@" else token.text
            for token in section.tokens
        ]
        return ("" if says or value >= 0 else "-") + "".join(parts)
    if abs(value) >= _EXACT:
        return general(value)
    if "/" in signs:
        return _fraction(value, section)
    if section.has("exponent"):
        places = _decimals(section)
        return f"{value:.{places}E}"
    return _decimal(value, section, signs)


def general(value: float) -> str:
    """As many digits as a spreadsheet keeps."""
    return str(int(value)) if value == int(value) and abs(value) < _EXACT else f"{value:.15g}".upper()


def _decimals(section: FormatSection) -> int:
    tokens = [token for token in section.tokens if token.kind == "digit" or token.text in {".", "E+", "E-"}]
    places, counting = 0, False
    for token in tokens:
        if token.text in {"E+", "E-"}:
            break
        places += counting
        counting = counting or token.text == "."
    return places


def _decimal(value: float, section: FormatSection, signs: Sequence[str]) -> str:
    digits = [n for n, token in enumerate(section.tokens) if token.kind == "digit"]
    last = digits[-1]
    inner = [n for n, token in enumerate(section.tokens) if token.text == "," and token.kind == "sign"]
    grouped = any(digits[0] < n < last for n in inner)
    scale = sum(n > last for n in inner)
    places = _decimals(section)
    # The shortest decimal that stands for the number, so that a half goes up as people round it.
    scaled = Decimal(repr(abs(value))).scaleb(2 * signs.count("%") - 3 * scale)
    whole, _, fraction = f"{scaled.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _CONTEXT):f}".partition(".")
    optional = sum(token.text != "0" for token in _after_point(section))
    while optional and fraction.endswith("0"):
        fraction, optional = fraction[:-1], optional - 1
    minus = "-" if value < 0 and (whole.strip("0") or fraction.strip("0")) else ""
    return minus + _placed(section, whole, fraction, grouped=grouped)


def _after_point(section: FormatSection) -> list[Token]:
    found, after = [], False
    for token in section.tokens:
        if token.kind == "digit" and after:
            found.append(token)
        after = after or (token.kind == "sign" and token.text == ".")
    return found


def _placed(section: FormatSection, whole: str, fraction: str, *, grouped: bool) -> str:
    """Digits in the places that the format keeps for them, from the point to the left; the first takes the rest."""
    before: list[Token] = []
    for token in section.tokens:
        if token.kind == "sign" and token.text == ".":
            break
        before.append(token)
    after = section.tokens[len(before) + 1 :]
    places = [token for token in before if token.kind == "digit"]
    least = sum(token.text == "0" for token in places)
    whole = whole.lstrip("0").rjust(least, "0")
    text: list[str] = []
    if grouped:
        whole = f"{int(whole or 0):,}".rjust(least, "0") if whole else ""
        told = False
        for token in before:
            if token.kind == "digit":
                text += [] if told else [whole]
                told = True
            elif token.kind == "literal" or token.text == "%":
                text.append(token.text)
    else:
        rest, left = whole, len(places)
        for token in reversed(before):
            if token.kind == "digit":
                left -= 1
                digit, rest = (rest, "") if left == 0 else (rest[-1:], rest[:-1])
                text.append(digit)
            elif token.kind == "literal" or token.text == "%":
                text.append(token.text)
        text.reverse()
    end = "".join(token.text for token in after if token.kind == "literal" or token.text == "%")
    return "".join(text) + (f".{fraction}" if fraction else "") + end


def _fraction(value: float, section: FormatSection) -> str:
    denominators = 0
    after = False
    for token in section.tokens:
        denominators += token.kind == "digit" and after
        after = after or token.text == "/"
    nearest = Fraction(abs(value)).limit_denominator(10 ** max(1, denominators) - 1)
    whole, rest = divmod(nearest, 1)
    parts = [str(whole)] if whole or not rest else []
    parts += [f"{rest.numerator}/{rest.denominator}"] if rest else []
    return ("-" if value < 0 else "") + " ".join(parts)
