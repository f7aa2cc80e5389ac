"""A question's language is told from few words."""

import pytest

from app.generation.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("When does the ferry leave?", "en"),
        ("ferry timetable", "en"),
        ("", "en"),
        ("Wann fährt die Fähre ab?", "de"),
        ("Was kostet ein Ticket für Kinder?", "de"),
        ("Quand part le ferry pour Amberg ?", "fr"),
        ("Combien coûte un billet ?", "fr"),
        ("¿Cuándo sale el ferry?", "es"),
        ("¿Cuánto cuesta un billete para niños?", "es"),
        ("Quando parte il traghetto?", "it"),
        ("Quanto costa un biglietto per i bambini?", "it"),
        ("Quando parte a balsa?", "pt"),
        ("Quanto custa um bilhete para crianças?", "pt"),
        ("Wanneer vertrekt de veerboot?", "nl"),
        ("Hoeveel kost een kaartje voor kinderen?", "nl"),
        ("Kiedy odpływa prom?", "pl"),
        ("Ile kosztuje bilet dla dziecka?", "pl"),
        ("渡轮几点出发？", "zh"),  # noqa: RUF001 - as it is written
        ("フェリーは何時に出ますか", "ja"),
        ("Когда отходит паром?", "ru"),
        ("متى تغادر العبارة؟", "ar"),
        ("เรือออกกี่โมง", "th"),
    ],
)
def test_the_language_of_a_question(text: str, language: str) -> None:
    assert language_of(text) == language
