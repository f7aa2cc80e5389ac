"""Mail, mailboxes and web archives."""

import pytest

from tests.support.files.shown import Shown, faults_of_file


@pytest.mark.parametrize(
    "shown",
    [
        Shown(
            "forwarded.eml",
            "From: Ada <ada@x.org>\nTo: b@x.org\nSubject: Fwd: =?utf-8?q?Gr=C3=B6=C3="
            "9Fe?=\nDate: Mon, 03 Jun 2024 10:00:00 +0200\nMIME-Version: 1.0\nContent-"
            'Type: multipart/mixed; boundary="===============5507717022752931102=="'
            "\n\n--===============5507717022752931102==\nContent-Type: text/plain; cha"
            'rset="utf-8"\nContent-Transfer-Encoding: 7bit\n\nSee below.\n\n--=========='
            "=====5507717022752931102==\nContent-Type: message/rfc822\nContent-Transf"
            "er-Encoding: 8bit\nMIME-Version: 1.0\nContent-Disposition: attachment\n\nF"
            "rom: =?utf-8?q?Zo=C3=AB?= <z@x.org>\nSubject: Inner matter\nTo: ada@x.or"
            'g\nContent-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding:'
            " 7bit\nMIME-Version: 1.0\n\nThe pump P-9 leaks.\nOrder two gaskets.\n\n--==="
            "============5507717022752931102==--\n",
            has=["The pump P-9 leaks.", "Inner matter", "Zo\xeb", "Gr\xf6\xdfe"],
        ),
        Shown(
            "forwarded-inline.eml",
            "From: a@x.org\r\nTo: b@x.org\r\nSubject: Fwd: Quote\r\nContent-Type: text/pl"
            "ain; charset=utf-8\r\n\r\nHi,\r\n\r\n---------- Forwarded message ---------\r\nF"
            "rom: Carl <c@x.org>\r\nDate: Tue, 4 Jun 2024 at 09:12\r\nSubject: Quote\r\nT"
            "o: <a@x.org>\r\n\r\n> The price is 1,250 EUR.\r\n> Delivery in 6 weeks.\r\n>> "
            "Earlier question about K9\r\n",
            has=["Forwarded message", "The price is 1,250 EUR.", "Earlier question about K9", "Carl"],
            lines=["From: Carl <c@x.org>\nDate: Tue, 4 Jun 2024 at 09:12"],
        ),
        Shown(
            "winmail-charset.eml",
            b"From: a@x.org\r\nSubject: =?iso-8859-1?Q?Gr=FC=DFe?= =?utf-8?B?w6Ruc8Opc"
            b"w==?=\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-En"
            b"coding: 8bit\r\n\r\nK\xfchlung f\xfcr 5 \x80\r\n",
            has=["Gr\xfc\xdfe\xe4ns\xe9s", "K\xfchlung f\xfcr 5 \u20ac"],
        ),
        Shown(
            "utf7.eml",
            "From: a@x.org\r\nSubject: x\r\nContent-Type: text/plain; charset=utf-7\r\n\r\nGr+APwA3w-e 5 +IKw-\r\n",
            has=["Gr\xfc\xdfe 5 \u20ac"],
        ),
        Shown(
            "unknown-charset.eml",
            "From: a@x.org\r\nSubject: x\r\nContent-Type: text/plain; charset=x-unknown"
            "\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe aus K\xf6ln\r\n",
            has=["Gr\xfc\xdfe aus K\xf6ln"],
        ),
        Shown(
            "koi8.eml",
            "From: a@x.org\r\nSubject: x\r\nContent-Type: text/plain; charset=koi8-r\r\nC"
            "ontent-Transfer-Encoding: base64\r\n\r\n5M/Hz9fP0iDQz8TQydPBziA1IM3B0Q==",
            has=["\u043f\u043e\u0434\u043f\u0438\u0441\u0430\u043d 5"],
        ),
        Shown(
            "alternative.eml",
            "From: a@x.org\nSubject: Order\nMIME-Version: 1.0\nContent-Type: multipart"
            '/alternative;\n boundary="===============3041537726391482369=="\n\n--===='
            '===========3041537726391482369==\nContent-Type: text/plain; charset="ut'
            'f-8"\nContent-Transfer-Encoding: 7bit\n\nplain says: see HTML\n\n--========'
            '=======3041537726391482369==\nContent-Type: text/html; charset="utf-8"\n'
            "Content-Transfer-Encoding: quoted-printable\nMIME-Version: 1.0\n\n<html><"
            "head><style>p{color:red}</style></head><body><p>Dear Jo,</p><ul><li>on"
            "=\ne</li><li>two</li></ul><table><tr><th>Item</th><th>Price</th></tr><t"
            "r><td>Nut=\n</td><td>1,20</td></tr></table><p>Yours<br>Ada<br>Main St 5"
            '</p><img src=3D"ht=\ntps://track.example/x.gif" width=3D1 height=3D1></'
            "body></html>\n\n--===============3041537726391482369==--\n",
            has=["Dear Jo", "one", "two"],
            lacks=["color:red"],
            together=[["Item", "Nut", "1,20"]],
            lines=["Ada\nMain St 5"],
        ),
        Shown(
            "attach-kinds.eml",
            "From: a@x.org\nSubject: Invite\nMIME-Version: 1.0\nContent-Type: multipar"
            't/mixed; boundary="===============2240765880011019100=="\n\n--=========='
            '=====2240765880011019100==\nContent-Type: text/plain; charset="utf-8"\nC'
            "ontent-Transfer-Encoding: 7bit\n\nPlease join.\n\n--===============2240765"
            "880011019100==\nContent-Type: text/calendar\nContent-Transfer-Encoding: "
            'base64\nContent-Disposition: attachment; filename="invite.ics"\nMIME-Ver'
            "sion: 1.0\n\nQkVHSU46VkNBTEVOREFSDQpCRUdJTjpWRVZFTlQNClNVTU1BUlk6QnVkZ2V"
            "0IG1lZXRpbmcNCkRU\nU1RBUlQ6MjAyNDA2MDRUMDkwMDAwWg0KTE9DQVRJT046Um9vbSAx"
            "Mg0KRU5EOlZFVkVOVA0KRU5E\nOlZDQUxFTkRBUg0K\n\n--===============2240765880"
            "011019100==\nContent-Type: application/zip\nContent-Transfer-Encoding: b"
            'ase64\nContent-Disposition: attachment; filename="logs.zip"\nMIME-Versio'
            "n: 1.0\n\nUEsDBGdhcmJhZ2U=\n\n--===============2240765880011019100==\nConte"
            "nt-Type: application/octet-stream\nContent-Transfer-Encoding: base64\nCo"
            "ntent-Disposition: attachment; filename*=utf-8''n%C3%B6te.txt\nMIME-Ver"
            "sion: 1.0\n\nbmHDr3ZlIHRleHQgw7xuw68=\n\n--===============2240765880011019"
            "100==--\n",
            has=["Budget meeting", "Room 12", "na\xefve text \xfcn\xef", "n\xf6te.txt"],
            reported=["logs.zip"],
        ),
        Shown(
            "rfc2231.eml",
            "From: a@x.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/"
            "mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nbody here\r\n--B\r\n"
            "Content-Type: application/octet-stream\r\nContent-Disposition: attachmen"
            "t; filename*=utf-8''R%C3%A9sum%C3%A9.txt\r\n\r\ntext of resume 77\r\n--B\r\nCo"
            'ntent-Type: application/octet-stream; name="=?utf-8?B?w4RiYy50eHQ=?="\r'
            "\nContent-Disposition: attachment\r\n\r\nother text 88\r\n--B--\r\n",
            has=["R\xe9sum\xe9.txt", "text of resume 77", "\xc4bc.txt", "other text 88"],
        ),
        Shown(
            "report.eml",
            "From: MAILER-DAEMON\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\nContent-"
            "Type: multipart/report; report-type=delivery-status; boundary=S\r\n\r\n--S"
            "\r\nContent-Type: text/plain\r\n\r\nCould not deliver\r\n--S\r\nContent-Type: me"
            "ssage/delivery-status\r\n\r\nReporting-MTA: dns; mx.x.org\r\n\r\nFinal-Recipie"
            "nt: rfc822; q@x.org\r\nStatus: 5.1.1\r\n--S\r\nContent-Type: message/rfc822\r"
            "\n\r\nSubject: Orig\r\n\r\nOriginal body\r\n--S--\r\n",
            has=["Could not deliver", "Original body", "5.1.1"],
        ),
        Shown(
            "signed.eml",
            "From: a@x.org\r\nSubject: Sig\r\nMIME-Version: 1.0\r\nContent-Type: multipar"
            't/signed; boundary=S; protocol="application/pgp-signature"\r\n\r\n--S\r\nCon'
            "tent-Type: text/plain\r\n\r\nSigned body 55\r\n--S\r\nContent-Type: applicatio"
            "n/pgp-signature; name=signature.asc\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n"
            "xx\r\n--S--\r\n",
            has=["Signed body 55"],
            lacks=["PGP SIGNATURE"],
        ),
        Shown(
            "truncated.eml",
            "From: a@x.org\r\nSubject: Cut\r\nMIME-Version: 1.0\r\nContent-Type: multipar"
            "t/mixed; boundary=S\r\n\r\n--S\r\nContent-Type: text/plain\r\n\r\nThe body arriv"
            "es\r\n--S\r\nContent-Type: text/csv; name=a.csv\r\nContent-Disposition: atta"
            "chment; filename=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\nYSxiCjEsM"
            "go",
            has=["The body arrives"],
        ),
        Shown(
            "flowed.eml",
            "From: a@x.org\r\nSubject: F\r\nContent-Type: text/plain; format=flowed\r\n\r\n"
            "This sentence goes on \r\nto the next line.\r\n- item one\r\n- item two\r\n",
            has=["goes on to the next line."],
            lines=["- item one\n- item two"],
        ),
        Shown(
            "mailbox.mbox",
            "From a@x.org Mon Jun  3 10:00:00 2024\nFrom: a@x.org\nSubject: One\n\nFirs"
            "t body\n>From the start it failed.\n\nFrom the beginning of a line but no"
            " separator\nfoo\n\nFrom b@x.org Tue Jun  4 10:00:00 2024\nFrom: =?utf-8?Q?"
            "J=C3=B6rg?= <b@x.org>\nSubject: =?utf-8?B?WndlaQ==?=\nContent-Type: text"
            "/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nZwe"
            "iter K=C3=B6rper\n",
            has=[
                "From the start it failed.",
                "From the beginning of a line",
                "Zweiter K\xf6rper",
                "J\xf6rg",
                "Zwei",
            ],
            together=[["First body", "no separator"]],
        ),
        Shown(
            "mailbox-crlf.mbox",
            "From a@x.org Mon Jun  3 10:00:00 2024\r\nFrom: a@x.org\r\nSubject: One\r\n\r\n"
            "First body\r\n\r\nFrom b@x.org Tue Jun  4 10:00:00 2024\r\nFrom: b@x.org\r\nSu"
            "bject: Two\r\n\r\nSecond body\r\n",
            has=["First body", "Second body"],
            lacks=["From b@x.org Tue"],
        ),
        Shown(
            "page.mhtml",
            "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org"
            "/manual\r\nSubject: =?utf-8?Q?Handbuch=20f=C3=BCr=20Pumpen?=\r\nDate: Tue,"
            " 4 Jun 2024 10:00:00 -0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart"
            '/related;\r\n\ttype="text/html";\r\n\tboundary="----B"\r\n\r\n\r\n------B\r\nContent'
            "-Type: text/html\r\nContent-ID: <f>\r\nContent-Transfer-Encoding: quoted-p"
            "rintable\r\nContent-Location: https://example.org/manual\r\n\r\n<!DOCTYPE ht"
            'ml><html><head><meta http-equiv=3D"Content-Type" content=3D"text/html;'
            ' charset=3DUTF-8"><title>Handbuch</title></head><body><h2>Wartung</h2>'
            '<p>Alle 500 Stunden =C3=96l wechseln.</p><a href=3D"https://example.or'
            'g/o">Bestellen</a></body></html>\r\n------B\r\nContent-Type: text/css\r\nCon'
            "tent-Transfer-Encoding: quoted-printable\r\nContent-Location: cid:css\r\n\r"
            "\nbody { color: red; }\r\n------B--\r\n",
            has=["Alle 500 Stunden \xd6l wechseln.", "https://example.org/o", "Wartung"],
            lacks=["color: red"],
        ),
        Shown(
            "meta-only.mht",
            'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="X"; type'
            '="text/html"\r\n\r\n--X\r\nContent-Type: text/html\r\nContent-Transfer-Encodin'
            'g: quoted-printable\r\n\r\n<html><head><meta charset=3D"windows-1251"></he'
            "ad><body><p>=C4=EE=E3=EE=E2=EE=F0</p></body></html>\r\n--X--\r\n",
            has=["\u0414\u043e\u0433\u043e\u0432\u043e\u0440"],
        ),
        Shown(
            "alt-cal.eml",
            "From: a@x.org\r\nSubject: Meeting\r\nMIME-Version: 1.0\r\nContent-Type: mult"
            "ipart/alternative; boundary=A\r\n\r\n--A\r\nContent-Type: text/plain\r\n\r\nPlea"
            "se come.\r\n--A\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VC"
            "ALENDAR\r\nSUMMARY:Budget\r\nLOCATION:Room 12\r\nEND:VCALENDAR\r\n--A--\r\n",
            has=["Please come.", "Room 12"],
        ),
        Shown(
            "alt-htmlempty.eml",
            "From: a@x.org\r\nSubject: E\r\nMIME-Version: 1.0\r\nContent-Type: multipart/"
            "alternative; boundary=A\r\n\r\n--A\r\nContent-Type: text/plain\r\n\r\nThe plain "
            "has text 77.\r\n--A\r\nContent-Type: text/html\r\n\r\n<html><body></body></htm"
            "l>\r\n--A--\r\n",
            has=["The plain has text 77."],
        ),
        Shown(
            "sigdash.eml",
            "From: a@x.org\r\nSubject: S\r\nContent-Type: text/plain; format=flowed; de"
            "lsp=yes\r\n\r\nlong wo \r\nrd continues\r\n-- \r\nAda\r\nTel. 5\r\n",
            has=["long word continues"],
        ),
        Shown(
            "multi-inline.eml",
            "From: a@x.org\r\nSubject: M\r\nMIME-Version: 1.0\r\nContent-Type: multipart/"
            "mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nfirst part\r\n--B\r"
            "\nContent-Type: text/html\r\n\r\n<p>second &amp; part</p>\r\n--B\r\nContent-Typ"
            'e: text/plain; name="log.txt"\r\nContent-Disposition: inline; filename="'
            'log.txt"\r\n\r\nthird inline 77\r\n--B--\r\n',
            has=["first part", "second & part", "third inline 77"],
        ),
    ],
    ids=lambda shown: shown.filename,
)
def test_a_message_is_read_with_what_is_in_it(shown: Shown) -> None:
    assert not faults_of_file(shown)
