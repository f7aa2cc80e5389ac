"""What is said around answers about documents, in the question's language."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.generation.language import ENGLISH, language_of


@dataclass(frozen=True, slots=True)
class OverviewPhrases:
    """Templates for `str.format`, with the fields `count`, `name` and `date`.

    Attributes:
        documents: heads a list of documents.
        nothing_new: no document changed.
        nothing_new_since: no document changed since `date`.
        more: ends a list that goes on.
        last_added: the question named no document, and the one added last was taken.
        no_text: a document has no words to read.
        two_needed: fewer than two documents to compare.
        in_both: how many sentences two documents share.
        different: heads sentences that differ in some words.
        only_in: heads the sentences of one document.
        not_found: a side of a comparison of which no document tells.
    """

    documents: str
    nothing_new: str
    nothing_new_since: str
    more: str
    last_added: str
    no_text: str
    two_needed: str
    in_both: str
    different: str
    only_in: str
    not_found: str


_PHRASES: Mapping[str, OverviewPhrases] = {
    "en": OverviewPhrases(
        documents="Documents: {count}",
        nothing_new="No document is new or changed.",
        nothing_new_since="No document is new or changed since {date}.",
        more="… and {count} more",
        last_added=("The question names no document, so this is the last added of {count}. Others can be named:"),
        no_text="{name} has no text that could be read.",
        two_needed="Name two documents to compare. There are:",
        in_both="Sentences that are the same in both: {count}",
        different="Different wording",
        only_in="Only in {name}",
        not_found="I found nothing about this in the documents.",
    ),
    "de": OverviewPhrases(
        documents="Dokumente: {count}",
        nothing_new="Kein Dokument ist neu oder geändert.",
        nothing_new_since="Kein Dokument ist seit {date} neu oder geändert.",
        more="… und {count} weitere",
        last_added=(
            "Die Frage nennt kein Dokument, daher ist dies das zuletzt "
            "hinzugefügte von {count}. Zur Wahl stehen auch:"
        ),
        no_text="{name} enthält keinen lesbaren Text.",
        two_needed="Nennen Sie zwei Dokumente zum Vergleichen. Es gibt:",
        in_both="Sätze, die in beiden gleich sind: {count}",
        different="Anders formuliert",
        only_in="Nur in {name}",
        not_found="Dazu habe ich in den Dokumenten nichts gefunden.",
    ),
    "fr": OverviewPhrases(
        documents="Documents : {count}",
        nothing_new="Aucun document n'est nouveau ni modifié.",
        nothing_new_since="Aucun document n'est nouveau ni modifié depuis le {date}.",
        more="… et {count} de plus",
        last_added=(
            "La question ne nomme aucun document : voici le dernier ajouté sur {count}. On peut aussi nommer :"
        ),
        no_text="{name} ne contient aucun texte lisible.",
        two_needed="Nommez deux documents à comparer. Il y a :",
        in_both="Phrases identiques dans les deux : {count}",
        different="Formulé autrement",
        only_in="Seulement dans {name}",
        not_found="Je n'ai rien trouvé à ce sujet dans les documents.",
    ),
    "es": OverviewPhrases(
        documents="Documentos: {count}",
        nothing_new="Ningún documento es nuevo ni ha cambiado.",
        nothing_new_since="Ningún documento es nuevo ni ha cambiado desde el {date}.",
        more="… y {count} más",
        last_added=(
            "La pregunta no nombra ningún documento; este es el último añadido de "
            "{count}. También se puede nombrar:"
        ),
        no_text="{name} no tiene texto legible.",
        two_needed="Nombre dos documentos para comparar. Hay:",
        in_both="Frases iguales en ambos: {count}",
        different="Redactado de otra forma",
        only_in="Solo en {name}",
        not_found="No he encontrado nada sobre esto en los documentos.",
    ),
    "it": OverviewPhrases(
        documents="Documenti: {count}",
        nothing_new="Nessun documento è nuovo o modificato.",
        nothing_new_since="Nessun documento è nuovo o modificato dal {date}.",
        more="… e altri {count}",
        last_added=(
            "La domanda non nomina alcun documento: questo è l'ultimo aggiunto di {count}. Si può nominare anche:"
        ),
        no_text="{name} non contiene testo leggibile.",
        two_needed="Nominare due documenti da confrontare. Ci sono:",
        in_both="Frasi uguali in entrambi: {count}",
        different="Formulato diversamente",
        only_in="Solo in {name}",
        not_found="Non ho trovato nulla su questo nei documenti.",
    ),
    "pt": OverviewPhrases(
        documents="Documentos: {count}",
        nothing_new="Nenhum documento é novo nem foi alterado.",
        nothing_new_since="Nenhum documento é novo nem foi alterado desde {date}.",
        more="… e mais {count}",
        last_added=(
            "A pergunta não nomeia nenhum documento; este é o último adicionado de {count}. Também se pode nomear:"
        ),
        no_text="{name} não tem texto legível.",
        two_needed="Nomeie dois documentos para comparar. Há:",
        in_both="Frases iguais em ambos: {count}",
        different="Redigido de outra forma",
        only_in="Apenas em {name}",
        not_found="Não encontrei nada sobre isto nos documentos.",
    ),
    "nl": OverviewPhrases(
        documents="Documenten: {count}",
        nothing_new="Geen enkel document is nieuw of gewijzigd.",
        nothing_new_since="Geen enkel document is nieuw of gewijzigd sinds {date}.",
        more="… en nog {count}",
        last_added="De vraag noemt geen document; dit is het laatst toegevoegde van {count}. Ook te noemen:",
        no_text="{name} bevat geen leesbare tekst.",
        two_needed="Noem twee documenten om te vergelijken. Er zijn:",
        in_both="Zinnen die in beide gelijk zijn: {count}",
        different="Anders verwoord",
        only_in="Alleen in {name}",
        not_found="Ik heb hierover niets gevonden in de documenten.",
    ),
    "pl": OverviewPhrases(
        documents="Dokumenty: {count}",
        nothing_new="Żaden dokument nie jest nowy ani zmieniony.",
        nothing_new_since="Żaden dokument nie jest nowy ani zmieniony od {date}.",
        more="… i jeszcze {count}",
        last_added="Pytanie nie wymienia dokumentu, więc to ostatnio dodany z {count}. Można też wymienić:",
        no_text="{name} nie zawiera czytelnego tekstu.",
        two_needed="Wymień dwa dokumenty do porównania. Są:",
        in_both="Zdania takie same w obu: {count}",
        different="Inaczej sformułowane",
        only_in="Tylko w {name}",
        not_found="Nie znalazłem nic na ten temat w dokumentach.",
    ),
    "zh": OverviewPhrases(
        documents="文档:{count}",
        nothing_new="没有新的或更改过的文档。",
        nothing_new_since="自 {date} 以来没有新的或更改过的文档。",
        more="… 还有 {count} 个",
        last_added="问题没有指明文档,因此这是 {count} 个文档中最后添加的一个。也可以指明:",
        no_text="{name} 没有可读的文字。",
        two_needed="请指明要比较的两个文档。现有:",
        in_both="两者相同的句子:{count}",
        different="措辞不同",
        only_in="仅见于 {name}",
        not_found="在这些文档中没有找到相关内容。",
    ),
    "ja": OverviewPhrases(
        documents="文書:{count}",
        nothing_new="新しい文書や変更された文書はありません。",
        nothing_new_since="{date} 以降、新しい文書や変更された文書はありません。",
        more="… ほか {count} 件",
        last_added="質問に文書名がないため、{count} 件のうち最後に追加された文書です。ほかに指定できる文書:",
        no_text="{name} には読み取れるテキストがありません。",
        two_needed="比較する文書を二つ指定してください。次の文書があります:",
        in_both="両方で同じ文:{count}",
        different="表現が異なる文",
        only_in="{name} のみ",
        not_found="これについては文書に何も見つかりませんでした。",
    ),
}


def overview_phrases_for(question: str) -> OverviewPhrases:
    """The phrases in the question's language; English for a language without any."""
    return _PHRASES.get(language_of(question), _PHRASES[ENGLISH])
