"""Tells follow-up questions, and makes them searchable on their own: by rules, or as a model is asked to."""

import re
from collections.abc import Mapping, Sequence

from app.domain.answers import Message
from app.generation.language import ENGLISH, language_of, small_words
from app.generation.terms import content_words, is_unspaced, terms

# By language, words that point at what was said before, and beginnings that go on with it.
_BACKWARD: Mapping[str, re.Pattern[str]] = {
    language: re.compile(rf"\b(?:{pronouns})\b|^\W*(?:{beginnings})\b", re.IGNORECASE)
    for language, (pronouns, beginnings) in {
        "en": (
            (
                "it|its|itself|they|them|their|theirs|this|that|these|those|he|him|his|she|her|hers|there|then"
                "|one|ones|former|latter|same|above|previous|else|more|again|instead"
            ),
            "and|but|or|so|then|what about|how about",
        ),
        "de": (
            "er|ihn|ihm|dessen|deren|diese[rsnm]?|davon|dazu|dafür|darüber|darin|damit|dort|dabei|letztere[rsn]?",
            "und|aber|oder|also|dann",
        ),
        "fr": ("elle|ils|elles|lui|leurs?|cela|ça|celui-ci|celle-ci|ceux-ci|là-bas", "et|mais|ou|alors|donc"),
        "es": ("él|ella|ellos|ellas|eso|esto|ese|esa|esos|esas|allí|sus?", "y|pero|o|entonces"),
        "it": ("lui|lei|loro|esso|essa|ciò|quello|quella|suo|sua|suoi|sue", "e|ma|o|quindi|allora"),
        "pt": ("ele|ela|eles|elas|isso|isto|dele|dela|deles|delas|lá", "e|mas|ou|então"),
        "nl": ("hij|hem|haar|hun|daar|daarvan|ervan|daarover|ermee|deze", "en|maar|of|dus"),
        "pl": ("jego|jej|ich|tego|tej|tym|tam|nim|nią|nimi", "a|i|ale|więc"),
    }.items()
}
_BACKWARD_UNSPACED = re.compile("它|他|她|这个|那个|那|其|呢|それ|これ|あれ|その|この|彼|そこ|では|じゃあ")
_SHORT = 2
# In scripts without spaces terms are pairs of characters.
_SHORT_UNSPACED = 4
_LOOK_BACK = 3
# Characters of an answer that a model is shown to understand what follows, and of the question that it writes.
_SHOWN = 400
_LONGEST = 400
REWRITING_TOKENS = 96
_INSTRUCTION = (
    "Below is a conversation about documents and its last question. Rewrite the last question so that it can be "
    "understood and searched for without the conversation: put the names in place of the words that point back. "
    "Keep its language and its meaning, add nothing, and do not answer it. Reply with the question alone."
)


def rewritten_by_rules(question: str, history: Sequence[Message]) -> str:
    """The question, with the content words of the questions before in front of it if it is a follow-up.

    Answers are ignored: a mistake in one would steer every later search.
    """
    words: list[str] = []
    text = question
    asked = [turn.content for turn in history if turn.role == "user"]
    for before in reversed(asked[-_LOOK_BACK:]):
        if not is_follow_up(text):
            break
        words = [*_telling_words(before), *words]
        text = before
    known = set(terms(question))
    return " ".join([*(word for word in dict.fromkeys(words) if not known.issuperset(terms(word))), question])


def is_follow_up(question: str) -> bool:
    """Whether a question refers back, by a pronoun or the like, or says too little to be searched for."""
    if is_unspaced(question):
        return bool(_BACKWARD_UNSPACED.search(question)) or len(terms(question)) <= _SHORT_UNSPACED
    backward = _BACKWARD.get(language_of(question), _BACKWARD[ENGLISH])
    return bool(backward.search(question)) or len(set(terms(" ".join(_telling_words(question))))) <= _SHORT


def rewriting_messages(question: str, history: Sequence[Message]) -> tuple[Message, ...]:
    """What a model is shown to rewrite a follow-up question."""
    turns = [turn for turn in history if turn.role != "system"][-2 * _LOOK_BACK :]
    said = "\n".join(f"{turn.role}: {' '.join(turn.content.split())[:_SHOWN]}" for turn in turns)
    asked = f"<conversation>\n{said}\n</conversation>\nLast question: {question}\nRewritten question:"
    return (Message("system", _INSTRUCTION), Message("user", asked))


def rewritten_by_model(reply: str) -> str | None:
    """The question that a model wrote; None if it wrote anything else."""
    lines = [line.strip().strip("\"'“”«»„") for line in reply.strip().splitlines() if line.strip()]
    return lines[0] if len(lines) == 1 and 0 < len(lines[0]) <= _LONGEST else None


def _telling_words(text: str) -> list[str]:
    small = small_words(language_of(text))
    return [word for word in content_words(text) if word.lower() not in small]
