"""What is said when no document answers, in the question's language."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.generation.language import ENGLISH, language_of


@dataclass(frozen=True, slots=True)
class Phrases:
    nothing_found: str
    nearest: str


_PHRASES: Mapping[str, Phrases] = {
    "en": Phrases(
        "I found nothing in these documents that answers this question.",
        "The documents may not answer this. The nearest passages are:",
    ),
    "de": Phrases(
        "Ich habe in diesen Dokumenten nichts gefunden, was diese Frage beantwortet.",
        "Die Dokumente beantworten dies möglicherweise nicht. Am nächsten kommen diese Stellen:",
    ),
    "fr": Phrases(
        "Je n'ai rien trouvé dans ces documents qui réponde à cette question.",
        "Les documents n'y répondent peut-être pas. Les passages les plus proches sont :",
    ),
    "es": Phrases(
        "No he encontrado nada en estos documentos que responda a esta pregunta.",
        "Es posible que los documentos no lo respondan. Los pasajes más cercanos son:",
    ),
    "it": Phrases(
        "Non ho trovato nulla in questi documenti che risponda a questa domanda.",
        "I documenti forse non rispondono a questo. I passaggi più vicini sono:",
    ),
    "pt": Phrases(
        "Não encontrei nada nestes documentos que responda a esta pergunta.",
        "Os documentos talvez não respondam a isto. Os trechos mais próximos são:",
    ),
    "nl": Phrases(
        "Ik heb in deze documenten niets gevonden dat deze vraag beantwoordt.",
        "De documenten beantwoorden dit mogelijk niet. De dichtstbijzijnde passages zijn:",
    ),
    "pl": Phrases(
        "W tych dokumentach nie znalazłem niczego, co odpowiada na to pytanie.",
        "Dokumenty mogą na to nie odpowiadać. Najbliższe fragmenty to:",
    ),
    "zh": Phrases(
        "在这些文档中没有找到能回答这个问题的内容。",
        "这些文档可能没有回答这个问题。最接近的段落是:",
    ),
    "ja": Phrases(
        "これらの文書には、この質問に答える内容が見つかりませんでした。",
        "これらの文書はこの質問に答えていない可能性があります。最も近い箇所は次のとおりです:",
    ),
}


def phrases_for(question: str) -> Phrases:
    """The phrases in the question's language; English for a language without any."""
    return _PHRASES.get(language_of(question), _PHRASES[ENGLISH])
