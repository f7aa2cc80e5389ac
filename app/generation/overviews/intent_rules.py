"""How people ask for documents themselves, in each language: patterns by intent.

A group `what` holds what the question is about: a document, a topic, or nothing but "this" or "these documents".
"""

import re
from collections.abc import Mapping, Sequence

# ruff: noqa: RUF001, E501 - words and marks as people write them; patterns of one meaning are compared line by line

_FILES = r"(?:files|documents|docs)"
_FILES_DE = r"(?:dateien|dokumente|unterlagen)"
_FILES_FR = r"(?:fichiers|documents)"
_FILES_ES = r"(?:archivos|documentos|ficheros)"
_FILES_IT = r"(?:file|documenti)"
_FILES_PT = r"(?:arquivos|documentos|ficheiros)"
_FILES_NL = r"(?:bestanden|documenten)"
_FILES_PL = r"(?:pliki|dokumenty)"
_FILES_ZH = r"(?:文件|文档|资料)"
_FILES_JA = r"(?:ファイル|文書|ドキュメント|資料|書類)"

FILES: Mapping[str, str] = {
    "en": rf"(?:(?:what|which)\s+{_FILES}\s+(?:are\s+(?:here|there|available|stored|loaded|indexed)"
    rf"|are\s+(?:there\s+)?in\s+(?:this|the|my|our)\s+\w+|do\s+(?:you|we|i)\s+have|have\s+you(?:\s+got)?"
    r"|have\s+(?:i|we)\s+uploaded|exist|have\s+been\s+uploaded)"
    rf"|how\s+many\s+{_FILES}\s+(?:are\s+(?:here|there)|do\s+(?:you|we|i)\s+have)"
    rf"|(?:list|show)\s+(?:me\s+)?(?:(?:all|the|your|my|of)\s+)*{_FILES}(?:\s+(?:that\s+)?you\s+have)?)"
    r"(?:\s+(?:here|there|so\s+far|now|(?:are\s+)?(?:in|of)\s+(?:this|the|my|our)\s+(?:collection|library|folder)))*",
    "de": rf"(?:(?:welche|was\s+für)\s+{_FILES_DE}\s+(?:gibt\s+es|sind|hast\s+du|haben\s+(?:wir|sie)|habe\s+ich|liegen)"
    rf"|wie\s+viele\s+{_FILES_DE}\s+(?:gibt\s+es|sind|habe\s+ich|hast\s+du)"
    rf"|(?:zeige?|liste|nenne)\s+(?:mir\s+)?(?:(?:alle|die|meine|deine)\s+)*{_FILES_DE}(?:\s+auf)?)"
    r"(?:\s+(?:hier|da|vorhanden|verfügbar|hochgeladen|in\s+dieser\s+sammlung))*",
    "fr": rf"(?:(?:quels|combien\s+de)\s+(?:sont\s+les\s+)?{_FILES_FR}(?:\s+(?:sont|y\s+a-t-il|as-tu|avez-vous|avons-nous"
    r"|existent|il\s+y\s+a))?"
    rf"|(?:liste|montre|affiche)[rz]?(?:-moi)?\s+(?:tous\s+)?(?:les|mes|tes)\s+{_FILES_FR})"
    r"(?:\s+(?:ici|là|disponibles|présents|dans\s+(?:cette|la)\s+collection))*",
    "es": rf"(?:(?:qué|que|cuántos|cuáles\s+son\s+los)\s+{_FILES_ES}(?:\s+(?:hay|tienes|tenemos|tengo|existen|están))?"
    rf"|(?:lista|listar|muestra|muéstrame|enumera)\s+(?:todos\s+)?(?:los|mis|tus)\s+{_FILES_ES})"
    r"(?:\s+(?:aquí|disponibles|en\s+(?:esta|la)\s+colección))*",
    "it": rf"(?:(?:quali|che|quanti)\s+(?:sono\s+i\s+)?{_FILES_IT}(?:\s+(?:ci\s+sono|sono|hai|abbiamo|ho))?"
    rf"|(?:elenca|mostra|mostrami)\s+(?:tutti\s+)?(?:i|gli|i\s+miei)\s+{_FILES_IT})"
    r"(?:\s+(?:qui|disponibili|in\s+questa\s+raccolta))*",
    "pt": rf"(?:(?:quais|que|quantos)\s+(?:são\s+os\s+)?{_FILES_PT}(?:\s+(?:há|existem|estão|tens|tem|temos|tenho|você\s+tem))?"
    rf"|(?:liste|lista|mostre|mostra)(?:-me)?\s+(?:todos\s+)?(?:os|meus|os\s+meus)\s+{_FILES_PT})"
    r"(?:\s+(?:aqui|disponíveis|n[ae]sta\s+coleção|na\s+coleção))*",
    "nl": rf"(?:(?:welke|hoeveel)\s+{_FILES_NL}\s+(?:zijn\s+er|heb\s+je|hebben\s+we|heb\s+ik|staan)"
    rf"|(?:toon|lijst|geef|noem)\s+(?:me\s+)?(?:(?:alle|de|mijn)\s+)*{_FILES_NL}(?:\s+op)?)"
    r"(?:\s+(?:hier|er|beschikbaar|in\s+deze\s+verzameling))*",
    "pl": rf"(?:(?:jakie|które|ile)\s+(?:są\s+)?(?:tu\s+|tutaj\s+)?(?:{_FILES_PL}|plików|dokumentów)"
    rf"|(?:pokaż|wymień|wypisz|podaj)\s+(?:mi\s+)?(?:wszystkie\s+|moje\s+)*{_FILES_PL})"
    r"(?:\s+(?:są|masz|mamy|mam|tu|tutaj|dostępne|w\s+tej\s+kolekcji))*",
    "zh": rf"(?:这里|这儿|你|我们|库里|这个(?:集合|知识库))?(?:里|中)?(?:都)?(?:有|存了)(?:哪些|什么|多少个?){_FILES_ZH}"
    rf"|(?:请)?(?:列出|显示|展示)(?:所有|全部)?(?:的)?{_FILES_ZH}(?:列表)?",
    "ja": rf"(?:ここ|こちら)?(?:に(?:は)?)?(?:どんな|どの|何の|いくつの){_FILES_JA}が(?:あり|ある|入って).{{0,6}}"
    rf"|(?:すべての|全ての|全部の)?{_FILES_JA}(?:の一覧|一覧|のリスト|リスト)(?:を?(?:見せて|表示して|教えて).{{0,6}})?",
}

NEW: Mapping[str, str] = {
    "en": rf"(?:what(?:['’]s|\s+is|\s+has)?\s+(?:new|changed|been\s+(?:added|updated|changed))"
    rf"|(?:what|which)\s+{_FILES}\s+(?:are\s+new|(?:were|have\s+been|has\s+been)\s+(?:added|changed|updated)|(?:have\s+)?changed))"
    r"(?:\s+(?:here|lately|recently|since|after|from|this|last|past|today|yesterday|in\s+(?:the|this)\s+(?:last|past|collection|library"
    r"|folder|documents|week|month|year))\b.{0,40})?",
    "de": rf"(?:was\s+(?:ist|gibt\s+es)\s+(?:neu(?:es)?|dazugekommen|hinzugekommen)|was\s+hat\s+sich\s+geändert"
    rf"|welche\s+{_FILES_DE}\s+(?:sind\s+neu|haben\s+sich\s+geändert|wurden\s+(?:hinzugefügt|geändert)))"
    r"(?:\s+(?:hier|seit|ab|diese|letzte|vergangene|heute|gestern|kürzlich|in\s+(?:den\s+letzten|dieser|letzter))\w*\b.{0,40})?",
    "fr": r"(?:quoi\s+de\s+neuf|qu['’]est-ce\s+qui\s+(?:est\s+nouveau|a\s+changé)|qu['’]y\s+a-t-il\s+de\s+nouveau"
    rf"|quelles\s+sont\s+les\s+nouveautés|quels\s+{_FILES_FR}\s+(?:sont\s+nouveaux|ont\s+(?:changé|été\s+ajoutés)))"
    r"(?:\s+(?:ici|depuis|après|cette|ce|aujourd['’]hui|hier|récemment|dans\s+(?:cette|la))\b.{0,40})?",
    "es": r"(?:qué\s+(?:hay\s+de\s+nuevo|es\s+nuevo|ha\s+cambiado|se\s+ha\s+(?:añadido|agregado))|(?:qué\s+|cuáles\s+son\s+las\s+)?novedades(?:\s+hay)?"
    rf"|qué\s+{_FILES_ES}\s+(?:son\s+nuevos|han\s+cambiado|se\s+han\s+añadido))"
    r"(?:\s+(?:aquí|desde|después|esta|este|hoy|ayer|recientemente|últimamente|en\s+(?:esta|la|los\s+últimos))\b.{0,40})?",
    "it": r"(?:(?:che\s+)?cosa\s+(?:c['’]è\s+di\s+nuovo|è\s+cambiato|è\s+stato\s+aggiunto)|che\s+c['’]è\s+di\s+nuovo|(?:quali\s+)?novità(?:\s+ci\s+sono)?)"
    r"(?:\s+(?:qui|da|dal|dallo|dalla|dopo|questa|questo|oggi|ieri|di\s+recente|negli\s+ultimi)\b.{0,40}|\s+dall['’].{0,40})?",
    "pt": r"(?:(?:o\s+)?que\s+(?:há\s+de\s+novo|é\s+novo|mudou|foi\s+(?:adicionado|alterado))|(?:quais\s+(?:são\s+)?(?:as\s+)?|que\s+)?novidades(?:\s+há)?)"
    r"(?:\s+(?:aqui|desde|depois|esta|este|hoje|ontem|recentemente|n[ao]s\s+últim[ao]s)\b.{0,40})?",
    "nl": r"wat\s+(?:is\s+(?:er\s+)?(?:nieuw|veranderd|toegevoegd|bijgekomen|gewijzigd))"
    r"(?:\s+(?:hier|sinds|vanaf|na|deze|vorige|afgelopen|vandaag|gisteren|onlangs|in\s+(?:deze|de\s+afgelopen))\b.{0,40})?",
    "pl": r"co\s+(?:jest\s+)?(?:nowego|się\s+zmieniło|dodano|nowe)"
    r"(?:\s+(?:tu|tutaj|od|po|dzisiaj|dziś|wczoraj|ostatnio|w\s+(?:tym|zeszłym|ostatnim|tej))\b.{0,40})?",
    "zh": rf"(?:(?:自|从)?.{{0,16}}?(?:以来|之后|以后|起|最近|今天|昨天|本周|上周|本月|上个月|今年|这里)[,，]?\s*)?(?:都)?"
    rf"(?:有(?:什么|哪些)(?:新的?(?:内容|东西|变化|{_FILES_ZH})?|更新|变化)|新增了(?:什么|哪些).{{0,6}})",
    "ja": rf"(?:.{{0,16}}?(?:以降|以来|から|最近|今日|昨日|今週|先週|今月|先月|今年|ここに?)(?:は|で)?[、,]?\s*)?"
    rf"(?:(?:何|なに)が(?:新しい|新しく|変わ|追加され|更新され).{{0,10}}|新しい(?:もの|{_FILES_JA})は(?:何|どれ|あり).{{0,6}}|更新された{_FILES_JA}は.{{0,8}})",
}

_WHAT = r"(?P<what>.{0,200}?)"

SUMMARY: Mapping[str, Sequence[str]] = {
    "en": (
        rf"(?:summari[sz]e|sum\s+up|outline|describe){_WHAT}",
        (
            r"(?:(?:give|write|make)\s+(?:me\s+)?|i\s+(?:want|need)\s+)?(?:an?\s+|the\s+)?(?:short\s+|brief\s+|quick\s+)?"
            rf"(?:summary|overview|outline|gist)(?:\s+of)?\b{_WHAT}"
        ),
        rf"tl;?dr{_WHAT}",
        rf"what(?:['’]s|\s+is|\s+are)\s+{_WHAT}(?:\s+(?:all\s+)?about)",
        rf"what\s+(?:does|do)\s+{_WHAT}\s+(?:say|contain|cover|deal\s+with)",
    ),
    "de": (
        rf"fass(?:e|t|en\s+sie)?\s+{_WHAT}\s+(?:kurz\s+)?zusammen",
        rf"(?:gib|gebt|geben\s+sie|mach|schreib)e?\s*(?:mir\s+)?(?:eine?n?\s+)?(?:kurze[nr]?\s+)?(?:zusammenfassung|überblick)(?:\s+(?:von|über|zu))?\b{_WHAT}",
        rf"(?:kurze\s+)?zusammenfassung(?:\s+(?:von|über))?\b{_WHAT}",
        rf"(?:worum\s+geht(?:\s+es|['’]s)|worum\s+handelt\s+es\s+sich|was\s+steht)(?:\s+(?:in|bei))?\b{_WHAT}",
        rf"wovon\s+handel[nt]\w*{_WHAT}",
    ),
    "fr": (
        rf"(?:peux-tu\s+|pouvez-vous\s+)?r[ée]sume[rz]?(?:-moi)?\b{_WHAT}",
        rf"(?:fais|faites|donne|donnez|écris)(?:-moi)?\s+un\s+(?:bref\s+|court\s+)?(?:résumé|aperçu)(?:\s+d[eu])?\b{_WHAT}",
        rf"(?:de\s+quoi\s+(?:parle|traite|s['’]agit-il)|quel\s+est\s+le\s+sujet)(?:\s+d[eu]|\s+dans)?\b{_WHAT}",
    ),
    "es": (
        rf"(?:puedes\s+)?(?:resume|resumir|resúmeme|resuma){_WHAT}",
        rf"(?:haz|hazme|dame|escribe)\s+(?:un\s+)?(?:breve\s+)?resumen(?:\s+del?)?\b{_WHAT}",
        rf"resumen(?:\s+del?)?\b{_WHAT}",
        rf"de\s+qué\s+(?:trata|tratan|va|habla)\b{_WHAT}",
    ),
    "it": (
        rf"(?:puoi\s+)?(?:riassumi|riassumere|riassumimi){_WHAT}",
        rf"(?:fammi|dammi|fai|scrivi)\s+(?:un\s+)?(?:breve\s+)?(?:riassunto|sintesi)(?:\s+d\w+)?\b{_WHAT}",
        rf"(?:di\s+(?:che\s+)?cosa\s+(?:parla|tratta|si\s+tratta)){_WHAT}",
    ),
    "pt": (
        rf"(?:pode\s+|podes\s+)?(?:resuma|resume|resumir)\b{_WHAT}",
        rf"(?:faça|faz|dê-me|dá-me|escreva)\s+(?:um\s+)?(?:breve\s+)?resumo(?:\s+d[eoa]s?)?\b{_WHAT}",
        rf"(?:sobre\s+o\s+que\s+(?:é|fala)|d[eo]\s+que\s+(?:se\s+)?(?:trata|fala))\b{_WHAT}",
    ),
    "nl": (
        rf"vat\s+{_WHAT}\s+(?:kort\s+)?samen",
        rf"(?:geef|maak|schrijf)\s+(?:me\s+|mij\s+)?(?:een\s+)?(?:korte\s+|kort\s+)?(?:samenvatting|overzicht)(?:\s+van)?\b{_WHAT}",
        rf"samenvatting(?:\s+van)?\b{_WHAT}",
        rf"waar\s+gaat\s+{_WHAT}\s+over",
        rf"waarover\s+gaat\b{_WHAT}",
    ),
    "pl": (
        rf"(?:streść|podsumuj)\b{_WHAT}",
        rf"(?:zrób|napisz|podaj)\s+(?:mi\s+)?(?:krótkie\s+)?(?:streszczenie|podsumowanie)\b{_WHAT}",
        rf"(?:o\s+czym\s+(?:jest|mówi|są)|czego\s+dotyczy)\b{_WHAT}",
    ),
    "zh": (
        rf"(?:请|请帮我|帮我|请你)?(?:简要|简单)?(?:总结|概括|概述|归纳)(?:一下)?{_WHAT}",
        rf"(?:请|帮我|请把|把){_WHAT}(?:总结|概括|概述)(?:一下)?",
        rf"{_WHAT}(?:的)?(?:主要)?(?:讲的?(?:是|了)?什么|说的?(?:是|了)?什么|是关于什么的?|内容是什么|摘要|概要)",
    ),
    "ja": (
        rf"{_WHAT}(?:を|の)?(?:簡単に|短く)?(?:要約|まとめ|概要)(?:し|て|を|教え|くだ|下さ|お願い|です|ます|る|さい|作|書|い)*",
        rf"{_WHAT}(?:は|には)?(?:何|なに|どんなこと)(?:について|が(?:書いて|書かれて)).{{0,12}}",
        rf"{_WHAT}(?:は|の内容は)(?:どんな|どういう|何の)?(?:内容|話)(?:です|でしょう|なの)?(?:か|は何ですか)?",
    ),
}

COMPARE: Mapping[str, Sequence[str]] = {
    "en": (
        rf"compare{_WHAT}",
        rf"(?:what(?:['’]s|\s+is|\s+are)\s+|tell\s+me\s+|show\s+(?:me\s+)?)?(?:the\s+)?differences?\s+between{_WHAT}",
        rf"how\s+(?:do|does|are|is){_WHAT}\s+(?:differ|different)(?:\s+from\s+(?P<other>.+))?",
        rf"what\s+(?:has\s+)?changed\s+(?:between|from){_WHAT}",
    ),
    "de": (
        rf"vergleich(?:e|t|en\s+sie)?\b{_WHAT}(?:\s+miteinander)?",
        rf"(?:was\s+(?:ist|sind)|welche|worin\s+(?:liegt|besteht|bestehen))\s+(?:der|die|den)?\s*unterschiede?\s+(?:gibt\s+es\s+)?zwischen\b{_WHAT}",
        rf"(?:wie|worin)\s+unterscheide[tn]\s+sich\b{_WHAT}",
    ),
    "fr": (
        rf"compare[rz]?\b{_WHAT}",
        rf"quelles?\s+(?:est|sont)\s+(?:la|les)\s+différences?\s+entre\b{_WHAT}",
    ),
    "es": (
        rf"compar(?:a|ar|e)\b{_WHAT}",
        rf"(?:cuál(?:es)?\s+(?:es|son)\s+las?|qué)\s+diferencias?\s+(?:hay\s+)?entre\b{_WHAT}",
    ),
    "it": (
        rf"(?:confronta|paragona|compara)\b{_WHAT}",
        rf"(?:qual\s+è\s+la|quali\s+sono\s+le|che)\s+differenz[ae]\s+(?:c['’]è\s+)?(?:tra|fra)\b{_WHAT}",
    ),
    "pt": (
        rf"compar(?:e|a|ar)\b{_WHAT}",
        rf"(?:qual\s+é\s+a|quais\s+são\s+as|que)\s+diferenças?\s+(?:há\s+)?entre\b{_WHAT}",
    ),
    "nl": (rf"vergelijk\b{_WHAT}", rf"wat\s+(?:is\s+het\s+verschil|zijn\s+de\s+verschillen)\s+tussen\b{_WHAT}"),
    "pl": (
        rf"porównaj\b{_WHAT}",
        rf"(?:jaka\s+jest\s+różnica|jakie\s+są\s+różnice)\s+(?:po)?między\b{_WHAT}",
        rf"czym\s+(?:się\s+)?różni[ąa]?\s+(?:się\s+)?{_WHAT}",
    ),
    "zh": (
        rf"(?:请|帮我)?(?:比较|对比)(?:一下)?{_WHAT}",
        rf"{_WHAT}(?:之间)?(?:有(?:什么|哪些)|的)(?:区别|不同|差异|差别)(?:是什么)?",
    ),
    "ja": (rf"{_WHAT}を(?:比較|比べ).{{0,8}}", rf"{_WHAT}の(?:違い|差)(?:は|を|について)?.{{0,8}}"),
}

LIST: Mapping[str, Sequence[str]] = {
    "en": (
        rf"(?:list|show|give|find|name|enumerate|extract|collect)(?:\s+me)?(?:\s+out)?\s+(?:all|every|each)(?:\s+(?:of\s+)?(?:the|our|my))?\s+{_WHAT}",
        rf"(?:what|which)\s+are\s+all(?:\s+of)?(?:\s+the)?\s+{_WHAT}",
    ),
    "de": (
        rf"(?:liste?|zähle?|nenne?|zeige?|gib|finde?|suche?)(?:\s+mir)?\s+(?:alle|sämtliche|jede[ns]?)\s+{_WHAT}(?:\s+(?:auf|heraus))?",
    ),
    "fr": (
        rf"(?:list|énumèr|donn|cit|montr|trouv|nomm)e[rz]?(?:-moi)?\s+(?:tous|toutes)\s+(?:les|mes|nos)\s+{_WHAT}",
    ),
    "es": (
        rf"(?:lista|enumera|muestra|muéstrame|dame|dime|encuentra|busca|nombra)\s+tod[oa]s\s+(?:los|las|mis)\s+{_WHAT}",
    ),
    "it": (rf"(?:elenca|mostra|mostrami|dammi|trova|nomina)\s+tutt[ie]\s+(?:i|gli|le)\s+{_WHAT}",),
    "pt": (rf"(?:liste|lista|enumere|mostre|dê-me|dá-me|encontre|cite)\s+tod[oa]s\s+(?:os|as)\s+{_WHAT}",),
    "nl": (rf"(?:noem|toon|geef|lijst|som|vind)(?:\s+me)?\s+alle\s+{_WHAT}(?:\s+op)?",),
    "pl": (rf"(?:wymień|pokaż|wypisz|podaj|znajdź|wylistuj)(?:\s+mi)?\s+(?:wszystkie|wszystkich)\s+{_WHAT}",),
    "zh": (rf"(?:请)?(?:列出|找出|列举|给出)(?:所有|全部)(?:的)?{_WHAT}",),
    "ja": (
        rf"(?:すべて|全て|全部)の{_WHAT}(?:を|の)?(?:一覧|列挙|リスト|挙げ|教え).{{0,10}}",
        rf"{_WHAT}を(?:すべて|全て|全部)(?:列挙|リスト|挙げ|教え).{{0,10}}",
    ),
}

# What stands before a request and says nothing of it.
_POLITE = (
    r"[\W_]*(?:(?:please|can\s+you|could\s+you|would\s+you|bitte|kannst\s+du|können\s+sie|s['’]il\s+te\s+plaît|por\s+favor"
    r"|per\s+favore|alsjeblieft|kun\s+je|proszę)[\s,]+)*"
)


def compiled(patterns: Mapping[str, str] | Mapping[str, Sequence[str]]) -> list[re.Pattern[str]]:
    """The patterns of all languages, each for a whole question."""
    each = [
        pattern for known in patterns.values() for pattern in ([known] if isinstance(known, str) else list(known))
    ]
    return [re.compile(rf"{_POLITE}(?:{pattern})[\W_]*", re.IGNORECASE) for pattern in each]
