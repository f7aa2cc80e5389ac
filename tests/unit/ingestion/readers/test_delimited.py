"""CSV, tabbed text and HTML, also under the names of Office files."""

import pytest

from tests.support.files.shown import Shown, faults_of_file


@pytest.mark.parametrize(
    "shown",
    [
        Shown(
            "comments-wide.csv",
            "# exported 2024-06-04, by X\n# unit: kg, net\nid,value,weight,state\n0,0,"
            "0.0,ok\n1,10,0.5,ok\n2,20,1.0,ok\n3,30,1.5,ok\n4,40,2.0,ok\n5,50,2.5,ok\n6,6"
            "0,3.0,ok\n7,70,3.5,ok\n8,80,4.0,ok\n9,90,4.5,ok\n10,100,5.0,ok\n11,110,5.5,"
            "ok\n12,120,6.0,ok\n13,130,6.5,ok\n14,140,7.0,ok\n15,150,7.5,ok\n16,160,8.0,"
            "ok\n17,170,8.5,ok\n18,180,9.0,ok\n19,190,9.5,ok\n20,200,10.0,ok\n21,210,10."
            "5,ok\n22,220,11.0,ok\n23,230,11.5,ok\n24,240,12.0,ok\n25,250,12.5,ok\n26,26"
            "0,13.0,ok\n27,270,13.5,ok\n28,280,14.0,ok\n29,290,14.5,ok\n30,300,15.0,ok\n"
            "31,310,15.5,ok\n32,320,16.0,ok\n33,330,16.5,ok\n34,340,17.0,ok\n35,350,17."
            "5,ok\n36,360,18.0,ok\n37,370,18.5,ok\n38,380,19.0,ok\n39,390,19.5,ok\n40,40"
            "0,20.0,ok\n41,410,20.5,ok\n42,420,21.0,ok\n43,430,21.5,ok\n44,440,22.0,ok\n"
            "45,450,22.5,ok\n46,460,23.0,ok\n47,470,23.5,ok\n48,480,24.0,ok\n49,490,24."
            "5,ok\n50,500,25.0,ok\n51,510,25.5,ok\n52,520,26.0,ok\n53,530,26.5,ok\n54,54"
            "0,27.0,ok\n55,550,27.5,ok\n56,560,28.0,ok\n57,570,28.5,ok\n58,580,29.0,ok\n"
            "59,590,29.5,ok\n60,600,30.0,ok\n61,610,30.5,ok\n62,620,31.0,ok\n63,630,31."
            "5,ok\n64,640,32.0,ok\n65,650,32.5,ok\n66,660,33.0,ok\n67,670,33.5,ok\n68,68"
            "0,34.0,ok\n69,690,34.5,ok\n70,700,35.0,ok\n71,710,35.5,ok\n72,720,36.0,ok\n"
            "73,730,36.5,ok\n74,740,37.0,ok\n75,750,37.5,ok\n76,760,38.0,ok\n77,770,38."
            "5,ok\n78,780,39.0,ok\n79,790,39.5,ok\n80,800,40.0,ok\n81,810,40.5,ok\n82,82"
            "0,41.0,ok\n83,830,41.5,ok\n84,840,42.0,ok\n85,850,42.5,ok\n86,860,43.0,ok\n"
            "87,870,43.5,ok\n88,880,44.0,ok\n89,890,44.5,ok\n90,900,45.0,ok\n91,910,45."
            "5,ok\n92,920,46.0,ok\n93,930,46.5,ok\n94,940,47.0,ok\n95,950,47.5,ok\n96,96"
            "0,48.0,ok\n97,970,48.5,ok\n98,980,49.0,ok\n99,990,49.5,ok\n100,1000,50.0,o"
            "k\n101,1010,50.5,ok\n102,1020,51.0,ok\n103,1030,51.5,ok\n104,1040,52.0,ok\n"
            "105,1050,52.5,ok\n106,1060,53.0,ok\n107,1070,53.5,ok\n108,1080,54.0,ok\n10"
            "9,1090,54.5,ok\n110,1100,55.0,ok\n111,1110,55.5,ok\n112,1120,56.0,ok\n113,"
            "1130,56.5,ok\n114,1140,57.0,ok\n115,1150,57.5,ok\n116,1160,58.0,ok\n117,11"
            "70,58.5,ok\n118,1180,59.0,ok\n119,1190,59.5,ok\n120,1200,60.0,ok\n121,1210"
            ",60.5,ok\n122,1220,61.0,ok\n123,1230,61.5,ok\n124,1240,62.0,ok\n125,1250,6"
            "2.5,ok\n126,1260,63.0,ok\n127,1270,63.5,ok\n128,1280,64.0,ok\n129,1290,64."
            "5,ok\n130,1300,65.0,ok\n131,1310,65.5,ok\n132,1320,66.0,ok\n133,1330,66.5,"
            "ok\n134,1340,67.0,ok\n135,1350,67.5,ok\n136,1360,68.0,ok\n137,1370,68.5,ok"
            "\n138,1380,69.0,ok\n139,1390,69.5,ok\n140,1400,70.0,ok\n141,1410,70.5,ok\n1"
            "42,1420,71.0,ok\n143,1430,71.5,ok\n144,1440,72.0,ok\n145,1450,72.5,ok\n146"
            ",1460,73.0,ok\n147,1470,73.5,ok\n148,1480,74.0,ok\n149,1490,74.5,ok\n150,1"
            "500,75.0,ok\n151,1510,75.5,ok\n152,1520,76.0,ok\n153,1530,76.5,ok\n154,154"
            "0,77.0,ok\n155,1550,77.5,ok\n156,1560,78.0,ok\n157,1570,78.5,ok\n158,1580,"
            "79.0,ok\n159,1590,79.5,ok\n160,1600,80.0,ok\n161,1610,80.5,ok\n162,1620,81"
            ".0,ok\n163,1630,81.5,ok\n164,1640,82.0,ok\n165,1650,82.5,ok\n166,1660,83.0"
            ",ok\n167,1670,83.5,ok\n168,1680,84.0,ok\n169,1690,84.5,ok\n170,1700,85.0,o"
            "k\n171,1710,85.5,ok\n172,1720,86.0,ok\n173,1730,86.5,ok\n174,1740,87.0,ok\n"
            "175,1750,87.5,ok\n176,1760,88.0,ok\n177,1770,88.5,ok\n178,1780,89.0,ok\n17"
            "9,1790,89.5,ok\n180,1800,90.0,ok\n181,1810,90.5,ok\n182,1820,91.0,ok\n183,"
            "1830,91.5,ok\n184,1840,92.0,ok\n185,1850,92.5,ok\n186,1860,93.0,ok\n187,18"
            "70,93.5,ok\n188,1880,94.0,ok\n189,1890,94.5,ok\n190,1900,95.0,ok\n191,1910"
            ",95.5,ok\n192,1920,96.0,ok\n193,1930,96.5,ok\n194,1940,97.0,ok\n195,1950,9"
            "7.5,ok\n196,1960,98.0,ok\n197,1970,98.5,ok\n198,1980,99.0,ok\n199,1990,99."
            "5,ok\n",
            together=[["value", "weight", "| 150 | 1500 |"], ["id | value | weight", "| 199 |"]],
        ),
        Shown(
            "unclosed.csv",
            'id,name,note\n1,"Ann,fine\n2,Bob,good\n3,"Cid",bad\n4,Dan,"ok"\n',
            has=["Ann", "Bob", "Cid", "Dan"],
            together=[["id", "Bob", "good"]],
        ),
        Shown(
            "unclosed-last.csv",
            'id,name\n1,"a"\n2,"b"\n3,"c\n',
            has=["| 2 | b |", "c"],
        ),
        Shown(
            "backslash-quote.csv",
            'id,text,who\n1,"say \\"hi\\", ok",Ann\n2,"plain",Bob\n3,"x",Cid\n',
            together=[["2", "plain", "Bob"], ["3", "x", "Cid"]],
        ),
        Shown(
            "quote-mid.csv",
            'id,size,name\n1,5" pipe,A\n2,3" pipe,B\n',
            has=['5" pipe', '3" pipe'],
            together=[["size", '3" pipe', "B"]],
        ),
        Shown(
            "quoted-newline.csv",
            'id,text,who\n1,"line a\nline b",Ann\n2,"say ""hi""",Bob\n',
            has=["line a line b", 'say "hi"'],
            together=[["1", "line a", "Ann"]],
        ),
        Shown(
            "sep-tab.csv",
            "sep=\t\nA\tB\n1\t2,5\n3\t4,5\n",
            has=["| 1 | 2,5 |"],
            lacks=["sep="],
        ),
        Shown(
            "sep-quoted.csv",
            '"sep=;"\nA;B\n1;2,5\n3;4,5\n',
            has=["| 1 | 2,5 |"],
            lacks=["sep="],
        ),
        Shown(
            "utf16.csv",
            b"\xff\xfeN\x00a\x00m\x00e\x00\t\x00O\x00r\x00t\x00\n\x00J\x00\xf6\x00r\x00g\x00\t\x00"
            b"K\x00\xf6\x00l\x00n\x00\n\x00Z\x00o\x00\xeb\x00\t\x00L\x00y\x00o\x00n\x00\n\x00",
            has=["| J\xf6rg | K\xf6ln |"],
        ),
        Shown(
            "utf16le-nobom.csv",
            "N\x00a\x00m\x00e\x00,\x00O\x00r\x00t\x00\n\x00A\x00n\x00n\x00,\x00B\x00o\x00n\x00n\x00\n"
            "\x00Z\x00o\x00e\x00,\x00L\x00y\x00o\x00n\x00\n\x00",
            has=["| Ann | Bonn |"],
        ),
        Shown(
            "cp1252.csv",
            b"Name;Stra\xdfe\nJ\xf6rg;Gro\xdfe Allee 5\nZo\xeb;K\xf6nigsweg 7\n",
            has=["| J\xf6rg | Gro\xdfe Allee 5 |"],
        ),
        Shown(
            "preamble2.csv",
            "Kontoauszug\nIBAN;DE12 3456\nZeitraum;01.01.2024 - 31.01.2024\n\nBuchung;B"
            "etrag;Text\n01.01.2024;-30,50;Miete\n02.01.2024;100,00;Lohn\n03.01.2024;-"
            "5,00;Kaffee\n",
            has=["DE12 3456", "Kontoauszug"],
            together=[["Buchung", "Betrag", "Kaffee"]],
        ),
        Shown(
            "preamble-noblank.csv",
            "Report Sales\nCreated,2024-06-04\nRegion,Product,Units,Price\nN,Nut,5,1.2"
            "0\nS,Bolt,7,2.30\nE,Pin,9,0.10\n",
            has=["2024-06-04"],
            together=[["Region", "Product", "Bolt", "2.30"]],
        ),
        Shown(
            "footer.csv",
            "Item,Qty\nA,1\nB,2\nC,3\nTotal,6\n\nNotes:\nprices without VAT\n",
            has=["prices without VAT", "| Total | 6 |"],
        ),
        Shown(
            "cr-only.csv",
            "id,name\r1,Ann\r2,Bob\r",
            has=["| 1 | Ann |", "| 2 | Bob |"],
        ),
        Shown(
            "nul.csv",
            "id,name\n1,A\x00nn\n2,Bob\n",
            has=["| 2 | Bob |"],
        ),
        Shown(
            "numeric-head.csv",
            "city,2021,2022,2023\nPorto,1,2,3\nLyon,4,5,6\n",
            together=[["city", "2022", "Lyon", "5"]],
        ),
        Shown(
            "semi.xls",
            "Name;Wert\nA;1,5\nB;2,5\n",
            has=["| B | 2,5 |"],
        ),
        Shown(
            "html16.xls",
            b"\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00<\x00b\x00o\x00d\x00y\x00>\x00<\x00t\x00a\x00b\x00l"
            b"\x00e\x00>\x00<\x00t\x00r\x00>\x00<\x00t\x00d\x00>\x00\xc4\x00<\x00/\x00t\x00d\x00>\x00<\x00"
            b"t\x00d\x00>\x005\x00<\x00/\x00t\x00d\x00>\x00<\x00/\x00t\x00r\x00>\x00<\x00t\x00r\x00>"
            b"\x00<\x00t\x00d\x00>\x00B\x00<\x00/\x00t\x00d\x00>\x00<\x00t\x00d\x00>\x006\x00<\x00/\x00"
            b"t\x00d\x00>\x00<\x00/\x00t\x00r\x00>\x00<\x00/\x00t\x00a\x00b\x00l\x00e\x00>\x00<\x00/"
            b"\x00b\x00o\x00d\x00y\x00>\x00<\x00/\x00h\x00t\x00m\x00l\x00>\x00",
            has=["| \xc4 | 5 |"],
            lacks=["<td"],
        ),
        Shown(
            "tabs16.xls",
            b"\xff\xfeN\x00a\x00m\x00e\x00\t\x00W\x00e\x00r\x00t\x00\n\x00\xc4\x00\t\x001\x00,\x00"
            b"5\x00\n\x00B\x00\t\x002\x00,\x005\x00\n\x00",
            has=["| \xc4 | 1,5 |"],
        ),
        Shown(
            "report.xls",
            '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta cha'
            "rset=utf-8></head><body><table border=1><tr><td>Name</td><td>Gr\xf6\xdfe</td"
            "></tr><tr><td>A</td><td>5</td></tr></table></body></html>",
            has=["| Name | Gr\xf6\xdfe |", "| A | 5 |"],
        ),
        Shown(
            "letter.docx",
            "<html><body><h1>Offer</h1><p>Price 5 &euro;</p></body></html>",
            has=["Price 5 \u20ac"],
        ),
        Shown(
            "mht.doc",
            'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="X"\r\n\r\n--'
            'X\r\nContent-Type: text/html; charset="utf-8"\r\n\r\n<p>Word page 5</p>\r\n--X'
            "--\r\n",
            has=["Word page 5"],
        ),
        Shown(
            "word2003.doc",
            '<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:word'
            'Document xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml'
            '"><w:body><w:p><w:r><w:t>Hello Word 2003 &amp; more</w:t></w:r></w:p><'
            "/w:body></w:wordDocument>",
            has=["Hello Word 2003 & more"],
        ),
    ],
    ids=lambda shown: shown.filename,
)
def test_rows_are_read_with_their_header_whatever_the_dialect(shown: Shown) -> None:
    assert not faults_of_file(shown)
