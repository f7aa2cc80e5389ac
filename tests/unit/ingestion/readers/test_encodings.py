"""Text in the encodings that people have."""

import pytest

from tests.support.files.shown import Shown, faults_of_file


@pytest.mark.parametrize(
    "shown",
    [
        Shown(
            "enc-shift_jis.txt",
            b"\x95\x94\x95i\x82\xcc\x94[\x8a\xfa\x82\xcd\x8el\x8c\x8e\x8f\\\x93\xf1\x93\xfa\x82\xc5\x82"
            b"\xb7\x81B\x92S\x93\x96\x82\xcd\x93c\x92\x86\x82\xb3\x82\xf1\x82\xc5\x82\xb7\x81B",
            has=["\u90e8\u54c1\u306e\u7d0d\u671f\u306f\u56db\u6708\u5341\u4e8c\u65e5\u3067"],
        ),
        Shown(
            "enc-euc-kr.txt",
            b"\xb0\xe8\xbe\xe0\xc0\xba 5\xbf\xf9 3\xc0\xcf\xbf\xa1 \xb3\xa1\xb3\xb3\xb4\xcf\xb4\xd9"
            b". \xb4\xe3\xb4\xe7\xc0\xda\xb4\xc2 \xb1\xe8\xb9\xce\xbc\xf6\xc0\xd4\xb4\xcf\xb4\xd9.",
            has=["\uacc4\uc57d\uc740 5\uc6d4 3\uc77c\uc5d0 \ub05d"],
        ),
        Shown(
            "enc-big5.txt",
            b"\xa6X\xac\xf9\xb1N\xa9\xf3\xa4\xad\xa4\xeb\xa4T\xa4\xe9\xa8\xec\xb4\xc1\xa1A\xc1p\xb5"
            b"\xb8\xa4H\xacO\xa4\xfd\xa4p\xa9\xfa\xa1C",
            has=["\u5408\u7d04\u5c07\u65bc\u4e94\u6708\u4e09\u65e5\u5230\u671f\uff0c\u806f"],
        ),
        Shown(
            "enc-koi8-r.txt",
            b"\xe4\xcf\xc7\xcf\xd7\xcf\xd2 \xda\xc1\xcb\xc1\xce\xde\xc9\xd7\xc1\xc5\xd4\xd3"
            b"\xd1 \xd0\xd1\xd4\xcf\xc7\xcf \xcd\xc1\xd1. \xef\xd4\xd7\xc5\xd4\xd3\xd4\xd7\xc5\xce\xce"
            b"\xd9\xca \xe9\xd7\xc1\xce\xcf\xd7.",
            has=["\u0414\u043e\u0433\u043e\u0432\u043e\u0440 \u0437\u0430\u043a\u0430"],
        ),
        Shown(
            "enc-cp1251.txt",
            b"\xc4\xee\xe3\xee\xe2\xee\xf0 \xe7\xe0\xea\xe0\xed\xf7\xe8\xe2\xe0\xe5\xf2\xf1"
            b"\xff \xef\xff\xf2\xee\xe3\xee \xec\xe0\xff. \xce\xf2\xe2\xe5\xf2\xf1\xf2\xe2\xe5\xed\xed"
            b"\xfb\xe9 \xc8\xe2\xe0\xed\xee\xe2.",
            has=["\u0414\u043e\u0433\u043e\u0432\u043e\u0440 \u0437\u0430\u043a\u0430"],
        ),
        Shown(
            "enc-iso8859-7.txt",
            b"\xc7 \xf3\xfd\xec\xe2\xe1\xf3\xe7 \xeb\xde\xe3\xe5\xe9 \xf3\xf4\xe9\xf2 3 \xcc\xe1"
            b"\xc0\xef\xf5. \xd5\xf0\xe5\xfd\xe8\xf5\xed\xef\xf2 \xe5\xdf\xed\xe1\xe9 \xef \xcd\xdf"
            b"\xea\xef\xf2.",
            has=["\u0397 \u03c3\u03cd\u03bc\u03b2\u03b1\u03c3\u03b7 \u03bb\u03ae"],
        ),
        Shown(
            "enc-cp1250.txt",
            b"Smlouva kon\xe8\xed 3. kv\xectna. P\xf8\xedli\x9a \x9elu\x9dou\xe8k\xfd k\xf9\xf2.",
            has=["Smlouva kon\u010d"],
        ),
        Shown(
            "enc-mac_roman.txt",
            b"Gr\x9a\xa7e ge\x8andert f\x9fr die Pr\x9ffung \x9fber den Flu\xa7",
            has=["Gr\xf6\xdfe ge\xe4nde"],
        ),
        Shown(
            "enc-cp437.txt",
            b"Gr\x94\xe1e f\x81r Pr\x81fung \x81ber",
            has=["Gr\xf6\xdfe f\xfcr Pr"],
        ),
        Shown(
            "enc-cp850.txt",
            b"Gr\x94\xe1e f\x81r die Pr\x81fung \x81ber den Flu\xe1 ge\x84ndert",
            has=["Gr\xf6\xdfe f\xfcr di"],
        ),
        Shown(
            "enc-cp1256.txt",
            b"\xed\xe4\xca\xe5\xed \xc7\xe1\xda\xde\xcf \xdd\xed \xc7\xe1\xcb\xc7\xe1\xcb \xe3\xe4 "
            b"\xe3\xc7\xed\xe6. \xc7\xe1\xe3\xd3\xc4\xe6\xe1 \xe5\xe6 \xc3\xcd\xe3\xcf.",
            has=["\u064a\u0646\u062a\u0647\u064a \u0627\u0644\u0639\u0642\u062f "],
        ),
        Shown(
            "enc-cp874.txt",
            b"\xca\xd1\xad\xad\xd2\xca\xd4\xe9\xb9\xca\xd8\xb4\xc7\xd1\xb9\xb7\xd5\xe8 3 \xbe\xc4\xc9\xc0"
            b"\xd2\xa4\xc1 \xbc\xd9\xe9\xc3\xd1\xba\xbc\xd4\xb4\xaa\xcd\xba\xa4\xd7\xcd\xca\xc1\xaa\xd2\xc2",
            has=["\u0e2a\u0e31\u0e0d\u0e0d\u0e32\u0e2a\u0e34\u0e49\u0e19\u0e2a\u0e38\u0e14"],
        ),
        Shown(
            "enc-utf-16-le.txt",
            "V\x00e\x00r\x00t\x00r\x00a\x00g\x00 \x00e\x00n\x00d\x00e\x00t\x00 \x00a\x00m\x00 \x003"
            "\x00.\x00 \x00M\x00a\x00i\x00",
            has=["Vertrag ende"],
        ),
        Shown(
            "enc-gb18030.txt",
            b"\xba\xcf\xcd\xac\xbd\xab\xd3\xda\xce\xe5\xd4\xc2\xc8\xfd\xc8\xd5\xb5\xbd\xc6\xda"
            b"\xa3\xac\xc1\xaa\xcf\xb5\xc8\xcb\xca\xc7\xcd\xf5\xd0\xa1\xc3\xf7\xa1\xa3",
            has=["\u5408\u540c\u5c06\u4e8e\u4e94\u6708\u4e09\u65e5\u5230\u671f\uff0c\u8054"],
        ),
        Shown(
            "nometa.html",
            b"<html><body><p>Gr\xf6\xdfe f\xfcr die Pr\xfcfung \xfcber</p></body></html>",
            has=["Gr\xf6\xdfe f\xfcr"],
        ),
        Shown(
            "cp1252.html",
            b'<html><head><meta http-equiv="Content-Type" content="text/html; charse'
            b't=windows-1252"></head><body>Caf\xe9 \x93x\x94 \x80</body></html>',
            has=["Caf\xe9 \u201cx\u201d \u20ac"],
        ),
    ],
    ids=lambda shown: shown.filename,
)
def test_text_is_decoded_by_what_it_most_likely_is_in(shown: Shown) -> None:
    assert not faults_of_file(shown)
