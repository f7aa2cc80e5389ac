"""XML with its attributes and running text, JSON with its numbers as they are spelt."""

import pytest

from tests.support.files.shown import Shown, faults_of_file


@pytest.mark.parametrize(
    "shown",
    [
        Shown(
            "attrs.xml",
            '<?xml version="1.0"?><orders currency="EUR"><order id="O-1" date="2024'
            '-06-04"><line sku="K9" qty="3" price="4.50"/><line sku="M8" qty="1" pr'
            'ice="0.20">spare</line></order><order id="O-2" date="2024-06-05"><line'
            ' sku="Z1" qty="9" price="7.00"/></order></orders>',
            has=["EUR", "O-2", "Z1", "spare"],
            together=[["O-1", "K9", "4.50"]],
        ),
        Shown(
            "mixed.xml",
            "<doc><title>Guide</title><p>Press <b>Start</b> then <i>wait</i> 5 s.</p><p>Then stop.</p></doc>",
            has=["Press Start then wait 5 s.", "Then stop.", "Guide"],
        ),
        Shown(
            "href.xml",
            '<doc><p>See <a href="https://x.org/m">here</a> now. Cost <price cur="E'
            'UR">5</price>.</p><p>second</p></doc>',
            has=["https://x.org/m", "EUR", "here"],
        ),
        Shown(
            "docbook.xml",
            "<article><title>Pumps</title><section><title>Care</title><para>Oil it "
            "<emphasis>daily</emphasis>.</para><itemizedlist><listitem><para>one</p"
            "ara></listitem><listitem><para>two</para></listitem></itemizedlist></s"
            "ection></article>",
            has=["Oil it daily.", "one", "two", "Care"],
        ),
        Shown(
            "dtd.xml",
            '<!DOCTYPE r [<!ENTITY co "ACME Ltd"><!ENTITY x SYSTEM "file:///etc/pas'
            'swd">]><r><a>&co; makes pumps</a><b>&x;</b></r>',
            has=["makes pumps"],
            lacks=["root:"],
        ),
        Shown(
            "htmlent.xml",
            "<r><a>caf&eacute; &amp; th&nbsp;e &copy; end</a></r>",
            has=["caf\xe9 & th e \xa9 end"],
        ),
        Shown(
            "latin1.xml",
            b'<?xml version="1.0" encoding="ISO-8859-1"?><r><n>K\xf6ln \xe9</n></r>',
            has=["K\xf6ln \xe9"],
        ),
        Shown(
            "soap.xml",
            b'<?xml version="1.0" encoding="windows-1252"?><e:Envelope xmlns:e="urn:'
            b'e"><e:Body><Order Nr="O-9"><Pos Art="K9" Menge="3">Gr\xf6\xdfe L</Pos></Orde'
            b"r></e:Body></e:Envelope>",
            has=["O-9", "K9", "Gr\xf6\xdfe L"],
        ),
        Shown(
            "broken.xml",
            "<r><a>one</a><b>two<c>three</r>",
            has=["one", "two", "three"],
        ),
        Shown(
            "comment.xml",
            "<r><!-- secret --><a>x<?pi y?>z</a></r>",
            has=["xz"],
            lacks=["secret"],
        ),
        Shown(
            "svg.svg",
            '<svg xmlns="http://www.w3.org/2000/svg"><title>Plan</title><text x="1"'
            ' y="2">Room <tspan>A12</tspan></text></svg>',
            has=["Room", "A12"],
            lacks=["<text"],
        ),
        Shown(
            "nested.json",
            '{"site":"Porto","pumps":[{"id":"P-1","bar":2.50,"ok":true},{"id":"P-2"'
            ',"bar":3.10,"ok":false,"note":"caf\\u00e9"}],"big":12345678901234567890'
            ',"exp":1e6}',
            has=["P-2", "3.1", "caf\xe9", "12345678901234567890"],
        ),
        Shown(
            "numbers.json",
            '{"price":2.50,"zip":"01234","rate":1.10,"big":1.0E+3}',
            has=["2.50", "01234", "1.10"],
        ),
        Shown(
            "jsonl-bad.jsonl",
            '{"id":1,"t":"a"}\n{"id":2,"t":"b"\n{"id":3,"t":"c"}\n',
            has=['"id": 1', '"id": 3', "2"],
        ),
        Shown(
            "long.json",
            '{"items": [{"id": "I-0", "name": "Name 0", "note": "n n n n n n n n n '
            'n n n n n n n n n n n "}, {"id": "I-1", "name": "Name 1", "note": "n n'
            ' n n n n n n n n n n n n n n n n n n "}, {"id": "I-2", "name": "Name 2'
            '", "note": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-3", '
            '"name": "Name 3", "note": "n n n n n n n n n n n n n n n n n n n n "},'
            ' {"id": "I-4", "name": "Name 4", "note": "n n n n n n n n n n n n n n '
            'n n n n n n "}, {"id": "I-5", "name": "Name 5", "note": "n n n n n n n'
            ' n n n n n n n n n n n n n "}, {"id": "I-6", "name": "Name 6", "note":'
            ' "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-7", "name": "N'
            'ame 7", "note": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I'
            '-8", "name": "Name 8", "note": "n n n n n n n n n n n n n n n n n n n '
            'n "}, {"id": "I-9", "name": "Name 9", "note": "n n n n n n n n n n n n'
            ' n n n n n n n n "}, {"id": "I-10", "name": "Name 10", "note": "n n n '
            'n n n n n n n n n n n n n n n n n "}, {"id": "I-11", "name": "Name 11"'
            ', "note": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-12", '
            '"name": "Name 12", "note": "n n n n n n n n n n n n n n n n n n n n "}'
            ', {"id": "I-13", "name": "Name 13", "note": "n n n n n n n n n n n n n'
            ' n n n n n n n "}, {"id": "I-14", "name": "Name 14", "note": "n n n n '
            'n n n n n n n n n n n n n n n n "}, {"id": "I-15", "name": "Name 15", '
            '"note": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-16", "n'
            'ame": "Name 16", "note": "n n n n n n n n n n n n n n n n n n n n "}, '
            '{"id": "I-17", "name": "Name 17", "note": "n n n n n n n n n n n n n n'
            ' n n n n n n "}, {"id": "I-18", "name": "Name 18", "note": "n n n n n '
            'n n n n n n n n n n n n n n n "}, {"id": "I-19", "name": "Name 19", "n'
            'ote": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-20", "nam'
            'e": "Name 20", "note": "n n n n n n n n n n n n n n n n n n n n "}, {"'
            'id": "I-21", "name": "Name 21", "note": "n n n n n n n n n n n n n n n'
            ' n n n n n "}, {"id": "I-22", "name": "Name 22", "note": "n n n n n n '
            'n n n n n n n n n n n n n n "}, {"id": "I-23", "name": "Name 23", "not'
            'e": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-24", "name"'
            ': "Name 24", "note": "n n n n n n n n n n n n n n n n n n n n "}, {"id'
            '": "I-25", "name": "Name 25", "note": "n n n n n n n n n n n n n n n n'
            ' n n n n "}, {"id": "I-26", "name": "Name 26", "note": "n n n n n n n '
            'n n n n n n n n n n n n n "}, {"id": "I-27", "name": "Name 27", "note"'
            ': "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-28", "name": '
            '"Name 28", "note": "n n n n n n n n n n n n n n n n n n n n "}, {"id":'
            ' "I-29", "name": "Name 29", "note": "n n n n n n n n n n n n n n n n n'
            ' n n n "}, {"id": "I-30", "name": "Name 30", "note": "n n n n n n n n '
            'n n n n n n n n n n n n "}, {"id": "I-31", "name": "Name 31", "note": '
            '"n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-32", "name": "N'
            'ame 32", "note": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "'
            'I-33", "name": "Name 33", "note": "n n n n n n n n n n n n n n n n n n'
            ' n n "}, {"id": "I-34", "name": "Name 34", "note": "n n n n n n n n n '
            'n n n n n n n n n n n "}, {"id": "I-35", "name": "Name 35", "note": "n'
            ' n n n n n n n n n n n n n n n n n n n "}, {"id": "I-36", "name": "Nam'
            'e 36", "note": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-'
            '37", "name": "Name 37", "note": "n n n n n n n n n n n n n n n n n n n'
            ' n "}, {"id": "I-38", "name": "Name 38", "note": "n n n n n n n n n n '
            'n n n n n n n n n n "}, {"id": "I-39", "name": "Name 39", "note": "n n'
            ' n n n n n n n n n n n n n n n n n n "}, {"id": "I-40", "name": "Name '
            '40", "note": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-41'
            '", "name": "Name 41", "note": "n n n n n n n n n n n n n n n n n n n n'
            ' "}, {"id": "I-42", "name": "Name 42", "note": "n n n n n n n n n n n '
            'n n n n n n n n n "}, {"id": "I-43", "name": "Name 43", "note": "n n n'
            ' n n n n n n n n n n n n n n n n n "}, {"id": "I-44", "name": "Name 44'
            '", "note": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-45",'
            ' "name": "Name 45", "note": "n n n n n n n n n n n n n n n n n n n n "'
            '}, {"id": "I-46", "name": "Name 46", "note": "n n n n n n n n n n n n '
            'n n n n n n n n "}, {"id": "I-47", "name": "Name 47", "note": "n n n n'
            ' n n n n n n n n n n n n n n n n "}, {"id": "I-48", "name": "Name 48",'
            ' "note": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-49", "'
            'name": "Name 49", "note": "n n n n n n n n n n n n n n n n n n n n "},'
            ' {"id": "I-50", "name": "Name 50", "note": "n n n n n n n n n n n n n '
            'n n n n n n n "}, {"id": "I-51", "name": "Name 51", "note": "n n n n n'
            ' n n n n n n n n n n n n n n n "}, {"id": "I-52", "name": "Name 52", "'
            'note": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-53", "na'
            'me": "Name 53", "note": "n n n n n n n n n n n n n n n n n n n n "}, {'
            '"id": "I-54", "name": "Name 54", "note": "n n n n n n n n n n n n n n '
            'n n n n n n "}, {"id": "I-55", "name": "Name 55", "note": "n n n n n n'
            ' n n n n n n n n n n n n n n "}, {"id": "I-56", "name": "Name 56", "no'
            'te": "n n n n n n n n n n n n n n n n n n n n "}, {"id": "I-57", "name'
            '": "Name 57", "note": "n n n n n n n n n n n n n n n n n n n n "}, {"i'
            'd": "I-58", "name": "Name 58", "note": "n n n n n n n n n n n n n n n '
            'n n n n n "}, {"id": "I-59", "name": "Name 59", "note": "n n n n n n n'
            ' n n n n n n n n n n n n n "}]}',
            together=[["I-59", "Name 59"]],
        ),
        Shown(
            "cfg.yml",
            'a: 1\nb:\n  - c: "x"\n    d: 2\n',
            lines=['b:\n  - c: "x"\n    d: 2'],
        ),
    ],
    ids=lambda shown: shown.filename,
)
def test_records_and_running_text_are_read_whole(shown: Shown) -> None:
    assert not faults_of_file(shown)
