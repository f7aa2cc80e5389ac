"""Each guard by its own table: pairs that it must keep apart, and pairs that it must let pass."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cache.semantic.language import eligibility, guards
from app.cache.semantic.language.figures import figures
from app.cache.semantic.language.question import kind_of, overlap, read
from app.cache.semantic.language.word_order import order
from app.cache.semantic.language.words import split, stem

Table = list[tuple[str, str]]

FIGURES_DIFFER: Table = [
    ("What was revenue in Q3 2023?", "What was revenue in Q3 2024?"),
    ("How far is 5 km?", "How far is 5 miles?"),
    ("What changed in version 3.10?", "What changed in version 3.1?"),
    ("Phones under 15k rupees", "Phones under 15k dollars"),
    ("Is the shop open on Monday?", "Is the shop open on Tuesday?"),
    ("What happened in May 1940?", "What happened in June 1940?"),
    ("Is it legal to drive at 16?", "Is it legal to drive at 18?"),
    ("Who won World War II?", "Who won World War I?"),
    ("Is it dangerous to pray before 6am?", "Is it dangerous to pray before 6pm?"),
    ("Who was the first president?", "Who was the third president?"),
    ("Does iPhone 7 have a jack?", "Does iPhone 7s have a jack at 8?"),
    ("What was due on 2024-01-05?", "What was due on 2024-01-06?"),
    ("What happened in the 1990s?", "What happened in the 1980s?"),
    ("How do I upgrade to v2.3?", "How do I upgrade to v2.4?"),
    ("How do I run Python 3 code?", "How do I run Python 2 code?"),
    ("Does TLS 1.2 still work?", "Does TLS 1.3 still work?"),
    ("Is a 5 GB disk enough?", "Is a 5 MB disk enough?"),
    ("Is 10 mg a safe dose?", "Is 10 g a safe dose?"),
    ("What is safe at -5 degrees?", "What is safe at 5 degrees?"),
    ("What is safe at \u22125 degrees?", "What is safe at 5 degrees?"),
    ("What is the rate for 30-year loans?", "What is the rate for 15-year loans?"),
    ("What does HTTP 404 mean?", "What does HTTP 403 mean?"),
    ("How long is the warranty of the X100?", "How long is the warranty of the X200?"),
    ("Show sales for FY23", "Show sales for FY24"),
    ("Is the shop open on Sundays?", "Is the shop open on Mondays?"),
]
FIGURES_AGREE: Table = [
    ("Is the shop open on Sundays?", "Is the shop open on Sunday?"),
    ("Is 10-20 enough?", "Is 10 - 20 enough?"),
    ("Phones under 15k rupees", "Phones under ₹15,000"),
    ("Phones under Rs. 15000", "Phones under 15,000 INR"),
    ("Is a 2.5 million dollar house big?", "Is a $2,500,000 house big?"),
    ("What is due on 5 January?", "What is due on Jan 5?"),
    ("Does it need two keys?", "Does it need 2 keys?"),
    ("Who won World War II?", "Who won World War 2?"),
    ("Run 10 kilometres", "Run 10 km"),
    ("Is 90 percent enough?", "Is 90% enough?"),
    ("You may enter", "One could enter"),
    ("Who came first in 1st grade?", "Who came 1st in first grade?"),
    ("What is 1.2345k?", "what is 1.2345k"),
]
NEGATION_DIFFERS: Table = [
    ("Is it safe in pregnancy?", "Is it not safe in pregnancy?"),
    ("Is it legal to work in Luxembourg?", "Is it legal not to work in Luxembourg?"),
    ("Why doesn't it start?", "Why does it start?"),
    ("Can I log in with a password?", "Can I log in without a password?"),
    ("Which plans include support?", "Which plans never include support?"),
    ("Why can't users log in?", "Why can users log in?"),
    ("Are dogs allowed on trains?", "Aren't dogs allowed on trains?"),
    ("Who can approve expenses?", "Who cannot approve expenses?"),
    ("Who can approve expenses?", "Who can\u2019t approve expenses?"),
]
NEGATION_AGREES: Table = [
    ("Why doesn't it start?", "Why does it not start?"),
    ("Why can't users log in?", "Why are users not able to log in?"),
    ("What won't work?", "What will not work?"),
]
OPPOSITE: Table = [
    ("How do I enable logging?", "How do I disable logging?"),
    ("How do I install the agent?", "How do I uninstall the agent?"),
    ("Does heat increase pressure?", "Does heat decrease pressure?"),
    ("How can I become more cautious?", "How can I become less cautious?"),
    ("Is it dangerous to eat before surgery?", "Is it dangerous to eat after surgery?"),
    ("What causes hypertension?", "What causes hypotension?"),
    ("Is cash import taxed?", "Is cash export taxed?"),
    ("Are refunds possible?", "Are refunds impossible?"),
    ("Is the overpaid tax returned?", "Is the underpaid tax returned?"),
    ("Was installing it hard?", "Was uninstalling it hard?"),
    ("Which countries lack extradition?", "Which countries have extradition?"),
    ("What is the minimum wage?", "What is the maximum wage?"),
    ("Who pays the landlord's insurance?", "Who pays the tenant's insurance?"),
    ("Do those hired before 2020 get it?", "Do those hired after 2020 get it?"),
    ("What is taxed above the limit?", "What is taxed below the limit?"),
    ("How much is a half-day ticket?", "How much is a full-day ticket?"),
    ("How do I encrypt a file?", "How do I decrypt a file?"),
]
NOT_OPPOSITE: Table = [
    ("How do I enable logging?", "How do I activate logging?"),
    ("Are refunds possible?", "Can I get refunds?"),
]
NAMES_DIFFER: Table = [
    ("Do you like Ariana Grande?", "Do you like Lindsey Grande?"),
    ("What are the rules in Georgia?", "What are the rules in Ohio?"),
    ("Is Bethany Hamilton on Quora?", "Is Stephanie Harris on Quora?"),
    ("How do I deploy on AWS?", "How do I deploy on GCP?"),
    ("Is it rude to call Jewish people names?", "Is it rude to call people names?"),
    ("How do I use an iPhone there?", "How do I use a phone there?"),
    ("What is the capital of Austria?", "What is the capital of Australia?"),
    ("What is the price of Plan A?", "What is the price of Plan B?"),
    ("How do I log in with SAML?", "How do I log in with LDAP?"),
]
NAMES_AGREE: Table = [
    ("How do I enable 2FA?", "How do I turn on two-factor authentication?"),
    ("Who leads the UN?", "Who leads the United Nations?"),
    ("How do I set up 2FA?", "How do I set up Two-Factor Authentication?"),
    ("what is the capital of france", "What is the capital of France?"),
    ("What Is The Capital Of France?", "What is the capital of France?"),
    ("WHAT IS THE CAPITAL OF FRANCE", "What is the capital of France?"),
    ("Can I move to the USA?", "Can I move to the US?"),
]
ROLES_EXCHANGED: Table = [
    ("Does A beat B?", "Does B beat A?"),
    ("How can I convert dollars to rupees?", "How can I convert rupees to dollars?"),
    ("Do Indian women find Pakistani men attractive?", "Do Pakistani women find Indian men attractive?"),
    ("Did Aaron leave the company?", "Was Aaron left by the company?"),
    ("Is Rachel indebted to William?", "Is William indebted to Rachel?"),
    ("What do people in Denver think of Seattle?", "What do people in Seattle think of Denver?"),
    ("Was Aaron left by the company?", "Did Aaron leave the company?"),
    ("Was the law written by them?", "Did nobody draft the law?"),
    ("Why did Pakistan attack India?", "What made India want to attack after Pakistan did?"),
    ("Is Germany larger than France?", "Is France larger than Germany?"),
    ("Did Alice sue Bob?", "Did Bob sue Alice?"),
    ("How do I convert PDF to Word?", "How do I convert Word to PDF?"),
    ("Can admins delete users?", "Can users delete admins?"),
]
ROLES_KEPT: Table = [
    ("What differs between cats and dogs?", "What differs between dogs and cats?"),
    ("What is the difference between Java and Python?", "What is the difference between Python and Java?"),
    ("Does Austin bother Katherine?", "Is Katherine bothered by Austin?"),
    ("Is Brian hurt by Andrea?", "Does Andrea hurt Brian?"),
    ("What is the best institute for training in Hyderabad?", "What is the best training institute in Hyderabad?"),
    ("How many times a week should one swim?", "How many times should one swim a week?"),
    ("How do I move big heavy old furniture?", "How do I move heavy furniture, big old?"),
    ("Is water wet?", "Is water wet?"),
    ("Is a copy of a copy a backup?", "Is a backup a copy of a copy?"),
    ("Which is better, tea or coffee?", "Which is better, coffee or tea?"),
]
ASKED_DIFFERENTLY: Table = [
    ("When does the shop open?", "Where does the shop open?"),
    ("How many users are there?", "How are users stored there?"),
    ("How did kung fu originate?", "What did kung fu originate?"),
    ("Should I restart the server?", "Is the server restarting?"),
    ("Who wrote the report?", "Why was the report written?"),
    ("Was it sold?", "Is it sold?"),
    ("Why was John promoted?", "When was John promoted?"),
    ("Who approved the budget?", "How was the budget approved?"),
    ("How long is the trial?", "How good is the trial?"),
]
ASKED_ALIKE: Table = [
    ("How do I lose weight fast?", "What is the best way to lose weight fast?"),
    ("What are the reasons for the delay?", "Why is there a delay?"),
    ("How come the build fails?", "Why does the build fail?"),
    ("What is the price of a ticket?", "How much is a ticket?"),
    ("Can you tell me when the shop opens?", "When does the shop open?"),
    ("What time does the shop open?", "When does the shop open?"),
    ("Is it possible to log in from home?", "Can one log in when away from the office?"),
]
QUALIFIED_DIFFERENTLY: Table = [
    ("Is Eric Barnes a player?", "Is Eric Barnes becoming a player?"),
    ("Do you have to weigh a cat before feeding?", "Do you have to weigh a cat after feeding?"),
    ("Is Tom a nurse or an actor?", "Is Tom a nurse and an actor?"),
    ("Which plans include support?", "Which plans only include support?"),
    ("Can all users delete files?", "Can users delete files?"),
]
QUALIFIED_ALIKE: Table = [
    ("Which plans include support?", "Which plans do include support?"),
    ("Can each user delete files?", "Can every user delete files?"),
    ("What do I do after graduating in law?", "Which options has a new lawyer?"),
]
SUBSTITUTED: Table = [
    ("Can I feed a rat corn?", "Can I feed a lizard corn?"),
    ("Is Rachel Phillips evil?", "Is Rachel Phillips an atheist?"),
    ("What are the adaptations of king penguins?", "What are the adaptations of royal penguins?"),
    ("What are the pros and cons of dams?", "What are the pros and cons of large dams?"),
]
NOT_SUBSTITUTED: Table = [
    ("What is the refund policy for annual plans?", "What is the refund policy for yearly plans?"),
    ("How do I purchase a ticket?", "How do I buy a ticket?"),
    ("How are colours organised?", "How are colors organized?"),
    ("Is Alex closer to Dan?", "Is Alex actually closer to Dan?"),
    ("Who leads the UN now?", "Who leads the United Nations now?"),
    ("How can hair loss be treated?", "What can be done to stop going bald?"),
]
UNREADABLE: Table = [
    ("Ist das sicher?", "Ist das nicht sicher?"),
    ("退货期限是多少天", "退款期限是多少天"),
    ("reset router password", "router password reset"),
]
READABLE: Table = [
    ("Ist das sicher?", "ist das sicher"),
    ("退货期限是多少天", "退货期限是多少天"),
    ("How do I reset it?", "What is the way to reset it?"),
]

GUARD_TABLES: list[tuple[guards.Guard, Table, Table]] = [
    (guards.figures, FIGURES_DIFFER, FIGURES_AGREE),
    (guards.negation, NEGATION_DIFFERS, NEGATION_AGREES),
    (guards.antonyms, OPPOSITE, NOT_OPPOSITE),
    (guards.names, NAMES_DIFFER, NAMES_AGREE),
    (order, ROLES_EXCHANGED, ROLES_KEPT),
    (guards.question_word, ASKED_DIFFERENTLY, ASKED_ALIKE),
    (guards.qualifiers, QUALIFIED_DIFFERENTLY, QUALIFIED_ALIKE),
    (guards.substitution, SUBSTITUTED, NOT_SUBSTITUTED),
    (guards.language, UNREADABLE, READABLE),
]
CASES = [
    pytest.param(guard, one, other, differs, id=f"{guard.__name__}: {one} | {other}")
    for guard, apart, together in GUARD_TABLES
    for differs, table in ((True, apart), (False, together))
    for one, other in table
]


@pytest.mark.parametrize(("guard", "one", "other", "differs"), CASES)
def test_a_guard_decides_as_its_table_says(guard: guards.Guard, one: str, other: str, differs: bool) -> None:
    assert guard(read(one), read(other)) is differs
    assert guard(read(other), read(one)) is differs


def test_every_guard_has_a_table() -> None:
    assert {guard.__name__ for guard, _, _ in GUARD_TABLES} == set(guards.GUARDS)


def test_one_guard_is_enough_to_refuse() -> None:
    assert "figures" in guards.refusals(read("Is it on Monday?"), read("Is it on Friday?"))


ALONE: dict[Callable[..., bool], tuple[list[str], list[str]]] = {
    eligibility.too_little: (
        ["Why?", "What is it?", "How much?", "What about pricing?", "", "???"],
        ["What is the refund policy?", "How do I lose weight?", "退货 期限"],
    ),
    eligibility.too_long: (
        ["Why does the server fail with this trace? " + "at module line " * 60],
        ["Why does the server fail? " + "It logs nothing. " * 40],
    ),
    eligibility.points_elsewhere: (
        [
            "And the second one?",
            "What about the other?",
            "How do they pay her?",
            "Is it installed?",
            "What does this error mean?",
            "What is the output of the following program?",
            "Which of those is cheaper?",
            "How do I use that?",
            "Who pays for it?",
        ],
        [
            "Is it safe to travel to Darjeeling?",
            "How long does it take to get a refund?",
            "Which files are stored on the server that failed?",
        ],
    ),
    eligibility.first_person: (
        [
            "What is my balance?",
            "How much leave do I have left?",
            "Where is our office?",
            "Did I pay the invoice?",
            "I lost a password, how can it be reset?",
            "Can we see mine?",
        ],
        [
            "How do I reset a password?",
            "How can I reset my password?",
            "How do we deploy the service?",
            "What can I cook with rice?",
        ],
    ),
    eligibility.time_relative: (
        ["What is the weather today?", "Who is the current president?", "What is the latest version of Python?"],
        ["Who was president in 1990?"],
    ),
}


@pytest.mark.parametrize(
    ("rule", "question", "refused"),
    [
        (rule, question, refused)
        for rule, tables in ALONE.items()
        for refused, table in zip((True, False), tables, strict=True)
        for question in table
    ],
)
def test_a_question_that_does_not_stand_alone_never_matches(
    rule: Callable[..., bool], question: str, refused: bool
) -> None:
    assert rule(read(question)) is refused
    if refused:
        assert eligibility.refusal(question) is not None


def test_every_rule_has_a_table() -> None:
    assert {rule.__name__ for rule in ALONE} == set(eligibility.RULES)


def test_a_question_that_stands_alone_may_match() -> None:
    assert eligibility.refusal("What is the refund policy for annual plans?") is None


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How do I pay?", "how"),
        ("How many are there?", "how many"),
        ("How", "how"),
        ("What", "what"),
        ("Whose key is it?", "whose"),
        ("Could the key be lost?", "can"),
        ("reset the key", ""),
        ("", ""),
        ("What number of users is allowed?", "how many"),
    ],
)
def test_the_kind_of_a_question(question: str, kind: str) -> None:
    assert kind_of(split(question)) == kind


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("studies", "study"),
        ("making", "make"),
        ("planned", "planning"),
        ("boxes", "box"),
        ("organisation", "organization"),
        ("quickly", "quick"),
        ("happily", "happy"),
        ("classes", "class"),
        ("children", "kid"),
        ("specifically", "specific"),
        ("tried", "try"),
        ("behaviours", "behavior"),
    ],
)
def test_inflections_and_spellings_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("glass", "gla"), ("bus", "bu"), ("sing", "s"), ("red", "r")])
def test_stems_keep_words_apart(one: str, other: str) -> None:
    assert stem(one) != stem(other)


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_can_be_compared(one: str, other: str) -> None:
    """No input breaks a guard, none but the same words passes in silence, and sides do not matter."""
    mine, theirs = read(one), read(other)
    assert set(guards.refusals(mine, theirs)) == set(guards.refusals(theirs, mine))
    assert list(guards.refusals(mine, mine)) == []
    assert 0 <= overlap(mine, theirs) <= 1
    assert len(figures(mine.words)) <= len(mine.words)
    eligibility.refusal(one)
