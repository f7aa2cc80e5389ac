"""The language of a question, told by its script and its small words."""

import re
import unicodedata
from collections.abc import Mapping

ENGLISH = "en"

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")  # noqa: RUF001 - as it is written
_HAN = re.compile("[\u3400-\u9fff]")
_KANA = re.compile("[\u3040-\u30ff]")
# Scripts that tell a language, or the most common one of those that share it.
_SCRIPTS: Mapping[str, re.Pattern[str]] = {
    "ko": re.compile("[\uac00-\ud7af]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "he": re.compile("[\u0590-\u05ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
}
_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """
            the what when where who how which why does did are was were this that these those can could
            should would it of to and is there any many much be have has do i you we they for with from
            on by not if about tell show my your a an in all list give please summarise summarize compare
        """,
        "de": """
            der die das den dem ein eine einen wie wer wann wo warum welche welcher welches wird werden
            wurde ist sind nicht und oder mit von für auf bei zu zum zur im es gibt kann ich wir sie hat
            haben nach aus über mein was muss
        """,
        "fr": """
            le la les un une des du de quel quelle quels quelles qui que quoi quand où comment pourquoi
            combien est sont était pas et ou avec pour dans sur par ce cette ces il elle nous vous je on
            peut faut y a-t-il au aux mon ma mes
        """,
        "es": """
            el la los las un una unos unas del de qué cuál cuáles quién cuándo dónde cómo por cuánto
            cuántos cuántas es son era está hay no y o con para en se que al lo mi mis puedo puede debe
            tiene según sobre desde
        """,
        "it": """
            il lo la gli le un uno una del della dei delle di che chi quando dove come perché quanto
            quanti quante quale quali è sono era non e o con per nel nella si da al alla c'è ci sul mio
            mia posso può deve ha cosa qual
        """,
        "pt": """
            o a os as um uma do da dos das de que qual quais quem quando onde como porque quanto quantos
            quantas é são era está há não e ou com para em no na nos nas se ao à pelo pela meu minha
            posso pode deve tem
        """,
        "nl": """
            de het een van wat wie wanneer waar hoe waarom welke welk hoeveel is zijn was wordt worden
            niet en of met voor op bij naar in aan er kan ik wij zij heeft hebben uit over mijn moet dit
            dat deze die
        """,
        "pl": """
            co kto kiedy gdzie jak dlaczego ile który która które jakie jaki jaka czy jest są był była
            było nie i lub albo z ze w we na do od dla po przez się to ten ta te mój moja moje można
            mogę musi ma
        """,
    }.items()
}


def language_of(text: str) -> str:
    """The code of the language that a text is most likely in, by ISO 639-1; English where nothing tells."""
    if _KANA.search(text):
        return "ja"
    if _HAN.search(text):
        return "zh"
    for language, letters in _SCRIPTS.items():
        if letters.search(text):
            return language
    words = [word.lower() for word in _WORD.findall(unicodedata.normalize("NFC", text))]
    counts = {language: sum(word in known for word in words) for language, known in _WORDS.items()}
    best = max(counts, key=lambda language: (counts[language], language == ENGLISH))
    return best if counts[best] else ENGLISH


def small_words(language: str) -> frozenset[str]:
    """The words that tell a language and little else; none of a language that its script tells."""
    return _WORDS.get(language, frozenset())
