"""English closed classes: words whose presence decides the meaning of a question.

Nothing here is learned from traffic. Words of other languages are in none of these sets, so that a question in
another language matches only one that consists of the same words in the same order.
"""

from collections.abc import Mapping


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def groups(text: str) -> Mapping[str, str]:
    """Map each word to the first of its group; commas separate groups."""
    found = (group.split() for group in text.split(","))
    return {word: group[0] for group in found for word in group}


NEGATIONS = words(
    "not no never none nobody nothing nowhere neither nor without except excluding unless hardly barely rarely"
)

# Fillers, which can be left out or added without changing the question.
FILLERS = words(
    "a an the of s please kindly actually really truly literally basically exactly simply just indeed even also "
    "well then there here very quite pretty rather somewhat kind sort type fact ok okay hi hello hey thanks "
    "thank any some ever whats that which who whom whose what how when where why whether as by for in on at to "
    "from with into onto about through via per within upon it its is are was were be been being am do does did "
    "doing done have has had having can could will would shall should may might must ought i you your yours one "
    "ones us and if than get gets got getting go goes going want wanted wants need needs needed use used uses "
    "using such various certain like so but or my our we me your myself ourselves yourself around few main "
    "major"
)

# Frames, which only say that something is asked for, and how good it should be.
FRAMES = words(
    "way ways method methods approach approaches tip tips trick tricks step steps idea ideas thing things stuff "
    "something someone somebody anyone anybody anything everyone people person reason reasons opinion opinions "
    "view views thought thoughts suggestion suggestions advice tell know think say mean means meaning explain "
    "describe define definition recommend suggest give list possible good best better great top nice effective "
    "efficient easiest easy easily fast quick quickly fastest quickest simple simplest proper properly right "
    "correct most more many much order considered consider lot lots bit different"
)

# These must be in both questions or in neither; those of a group stand for one another.
QUALIFIERS = groups(
    """
    before prior, after, until till, since, during while, only solely merely, all every each, both, half,
    almost nearly, too excessively, again, still, already, anymore, always,
    often usually frequently normally typically, sometimes occasionally, less fewer, least fewest, against,
    despite although though, under below beneath, over above, near nearby, outside, inside,
    become becomes becoming became, remain remains remained stay stays, simultaneously together,
    separately apart, alone, other another else, same, or, than, versus vs
    """
)

AUXILIARIES = groups(
    """
    is are am be do does, was were did has have had, can could may might, should ought shall, must, will would
    """
)

# Degrees, which can follow "how".
DEGREES = words(
    "many much long far often old tall big fast high deep hot cold expensive soon large heavy wide strong hard "
    "good bad likely safe important common different dangerous effective accurate"
)

THIRD_PERSON = words(
    "he him his himself she her hers herself they them their theirs themselves itself this these those "
    "latter aforementioned"
)
# Words that refer to something beside the question, and the beginnings of follow-ups.
DEICTIC = words("following attached aforementioned")
OPENINGS = words("and but or then also else otherwise")
FIRST_PERSON = words("my mine myself me our ours ourselves us")

TIME_RELATIVE = words(
    "today tonight tomorrow yesterday now nowadays currently current present presently recent recently latest "
    "newest last next upcoming coming ago lately soon yet"
)

CONTRACTIONS = (
    (r"\bcan't\b|\bcant\b|\bcannot\b", "can not"),
    (r"\bwon't\b|\bwont\b", "will not"),
    (r"\bshan't\b", "shall not"),
    (r"\bain't\b", "is not"),
    (r"\b(do|does|did|is|are|was|were|has|have|had|would|could|should|must|need)n'?t\b", r"\1 not"),
    (r"\bi'm\b", "I am"),
    (r"\b(you|we|they)'re\b", r"\1 are"),
    (r"\b(i|you|we|they)'ve\b", r"\1 have"),
    (r"\b(\w+)'ll\b", r"\1 will"),
    (r"\b(i|you|he|she|we|they|it)'d\b", r"\1 would"),
    (r"\blet's\b", "let us"),
    (r"\b(what|who|where|when|why|how|that|it|there|here|he|she)'s\b", r"\1 is"),
)
