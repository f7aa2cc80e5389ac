"""Markdown, notebooks, LaTeX, RTF, reStructuredText and HTML."""

import pytest

from tests.support.files.shown import Shown, faults_of_file


@pytest.mark.parametrize(
    "shown",
    [
        Shown(
            "sup.md",
            '10<sup>6</sup> and <a href="https://x.org/q">here</a>, x<sup>*a*</sup>'
            ', note<sup>[1](#n)</sup>, <img src="a.png" alt="Plan of hall"> 3<br>4 '
            '<span style="x">s</span>\n\n| a | b |\n|---|---|\n| 10<sup>6</sup> | <a hr'
            'ef="https://y.org">l</a><br>two |\n',
            has=["10^6", "https://x.org/q", "https://y.org", "Plan of hall"],
            lacks=["106"],
        ),
        Shown(
            "md-mdx.mdx",
            'import X from "./x"\n\n# Page\n\n<Card title="Install">\n\nRun `make`.\n\n</Ca'
            'rd>\n\n<Tabs items={["a"]} />\n\n{/* c */}\n',
            has=["Page", "Run", "Install"],
        ),
        Shown(
            "md-admon.md",
            '> [!WARNING]\n> Do not open.\n\n:::note\nInside note\n:::\n\n!!! tip "Hint"\n    Indented tip\n',
            has=["Do not open.", "Inside note", "Hint", "Indented tip"],
        ),
        Shown(
            "md-html.md",
            "<details><summary>More</summary>\n\nInner *text* 5\n\n</details>\n\n<p align"
            '="center"><img src="x.png" alt="Logo of X"></p>\n\n<!-- comment hidden -'
            "->\n\nUse Ctrl+<kbd>C</kbd>, H<sub>2</sub>O and 10<sup>6</sup>",
            has=["More", "Inner text 5", "H2O"],
            lacks=["comment hidden", "106"],
        ),
        Shown(
            "n3.ipynb",
            '{"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "heading", "le'
            'vel": 2, "source": "Head 3"}, {"cell_type": "code", "input": "x=1", "o'
            'utputs": [{"output_type": "pyout", "text": "7"}]}]}], "metadata": {}}',
            has=["Head 3", "x=1"],
            section="Head 3",
        ),
        Shown(
            "all.tex",
            "\\documentclass{article}\n\\usepackage{x}\n\\title{Pumps \\& Valves}\\author{"
            "Ada Byron}\\date{June 2024}\n\\newcommand{\\co}{ACME Ltd}\n\\begin{document}"
            "\n\\maketitle\n\\begin{abstract}We test 5 pumps.\\end{abstract}\n\\section{Ca"
            "re}\\label{sec:care}\nCost is \\$5, 50\\% off, \\co{} \\& co. See \\ref{sec:c"
            "are}, \\cite{knuth}. Use \\textbf{oil} \\emph{daily}. % hidden comment\n\\b"
            "egin{itemize}\\item one \\item[b)] two\\end{itemize}\n\\begin{enumerate}\\it"
            "em first \\item second\\end{enumerate}\n\\begin{description}\\item[Port] 54"
            '32\\end{description}\nInline $a^2+b^2$, \\(c\\) and \\[ d = 5 \\] G\\"odel, c'
            "af\\'e, \\ss, na\\\"{\\i}ve, --- dash ``quoted'' \\url{https://x.org/a_b} \\h"
            "ref{https://y.org}{the site}\n\\begin{equation} E = mc^2 \\end{equation}\n"
            "\\begin{table}\\caption{Ports}\\begin{tabular}{|l|r|}\\hline Name & Port \\"
            "\\ \\hline \\multicolumn{2}{c}{Both} \\\\ db & 5{,}432 \\\\ web & 80 \\end{tab"
            "ular}\\end{table}\n\\begin{figure}\\includegraphics{x}\\caption{A pump}\\end"
            "{figure}\nNote\\footnote{Foot 77.} here.\n\\begin{verbatim}\nx & y % z\n\\end"
            "{verbatim}\n\\begin{thebibliography}{9}\\bibitem{knuth} D. Knuth, TeX Boo"
            "k.\\end{thebibliography}\n\\input{other}\n\\end{document}",
            has=[
                "Pumps & Valves",
                "We test 5 pumps.",
                "Cost is $5, 50% off",
                "first",
                "second",
                "5432",
                "a^2+b^2",
                "G\xf6del",
                "caf\xe9",
                "https://x.org/a_b",
                "https://y.org",
                "E = mc^2",
                "Ports",
                "A pump",
                "Foot 77.",
                "x & y % z",
                "TeX Book",
                "ACME Ltd",
                "Ada Byron",
            ],
            lacks=["hidden comment"],
            together=[["Name", "Port", "db"]],
            section="Pumps",
        ),
        Shown(
            "tab2.tex",
            "\\begin{tabular}{lll}\n\\toprule\nPart & \\textbf{Price} & Note\\\\\\midrule\nK"
            "9 & \\$4.50 & \\multirow{2}{*}{both} \\\\\nM8 & 10\\% & x\\_y \\\\[2pt]\n\\bottom"
            "rule\n\\end{tabular}\nText \\textsuperscript{2}, 10\\textsuperscript{6}, $1"
            "0^6$ CO$_2$, \\SI{5}{\\bar}, \\num{1250}, 5~kg, \\today, \\includegraphics["
            "width=5cm]{x.png} \\cite{a,b}~\\ref{t}. \\emph{a \\textbf{b}} \\verb|x_y| \\"
            "LaTeX{} \\ldots end\\\\new line \\begin{quote}Quoted 7\\end{quote} \\begin{l"
            "stlisting}[language=Python]\ndef f(): return 5\n\\end{lstlisting} \\begin{"
            "align} a &= b \\\\ c &= d \\end{align} \\paragraph{Para} Text of para. \\su"
            "bsection*{Star} S. \\enquote{said} \\gls{api} \\footnote{N $x$} \\marginpa"
            "r{M 9} \\thanks{T} \\appendix",
            has=["def f(): return 5", "Quoted 7", "Text of para.", "Star", "1250", "N $x$", "x_y", "said"],
            lacks=["106,"],
            together=[["Part", "K9", "$4.50"], ["Part", "M8", "10%", "x_y"]],
        ),
        Shown(
            "rtf-all.rtf",
            "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0 Arial;}}{\\info{\\title Offer"
            " 5}{\\author Ada}}\n{\\header Head 88\\par}{\\footer Page foot\\par}\n\\pard\\b"
            " Heading\\b0\\par\nGr\\'fc\\'dfe \\u8364? 5 \\emdash  x\\tab y\\line z\\par\n{\\pa"
            'rd\\pntext\\f0 1.\\tab}First item\\par\n{\\field{\\*\\fldinst{HYPERLINK "https'
            '://x.org/a"}}{\\fldrslt link}}\\par\n\\trowd\\cellx1000\\cellx2000\\intbl Nam'
            "e\\cell Port\\cell\\row\n\\trowd\\cellx1000\\cellx2000\\intbl db\\cell 5432\\cel"
            "l\\row\n\\trowd\\cellx1000\\cellx2000\\intbl\\cell 80\\cell\\row\n\\pard After{\\s"
            "uper 6} H{\\sub 2}O{\\footnote note text 42} \\{braces\\} R&D <x>\\par\n{\\*\\"
            "annotation comment 9}{\\pict\\pngblip 8950}\n{\\v hidden}\n}",
            has=[
                "Gr\xfc\xdfe \u20ac 5",
                "https://x.org/a",
                "After",
                "H2O",
                "note text 42",
                "{braces}",
                "R&D <x>",
                "Head 88",
                "| Name | Port |",
                "| db | 5432 |",
                "|  | 80 |",
                "First item",
                "comment 9",
            ],
            lacks=["8950", "106"],
        ),
        Shown(
            "rtf-foot.rtf",
            "{\\rtf1\\ansi Sentence one{\\super\\chftn}{\\footnote\\pard {\\super\\chftn} N"
            "ote text 42.} goes on here\\par Next 10{\\super\\fs16 6} m\\par {\\*\\atnid "
            "JB}{\\*\\atnauthor Bob}\\chatn{\\*\\annotation{\\*\\atnref 1}\\pard\\plain Chec"
            "k this 9}end.\\par Last{\\footnote tail note 7}}",
            has=[
                "Sentence one goes on here",
                "[Note] Note text 42.",
                "10^6 m",
                "[Comment] Check this 9",
                "end.",
                "Last",
                "tail note 7",
            ],
            lacks=["106", "one^"],
        ),
        Shown(
            "rtf-cyr.rtf",
            "{\\rtf1\\ansi\\ansicpg1251 \\'c4\\'ee\\'e3\\'ee\\'e2\\'ee\\'f0 \\u1044?\\u1072?}",
            has=["\u0414\u043e\u0433\u043e\u0432\u043e\u0440 \u0414\u0430"],
        ),
        Shown(
            "all.rst",
            "Title\n=====\n\n.. contents::\n\nSub\n---\n\nPara with *emph* and ``code`` and"
            " `link <https://x.org>`_ and :ref:`target`.\n\n.. note:: Take care 5.\n\n."
            ". warning::\n\n   Hot surface.\n\n.. code-block:: python\n\n   x = 1\n\n.. lis"
            "t-table:: Ports\n   :header-rows: 1\n\n   * - Name\n     - Port\n   * - db\n"
            '     - 5432\n\n.. csv-table:: Units\n   :header: "a", "b"\n\n   "m", "5"\n\n+'
            "-----+-----+\n| A   | B   |\n+=====+=====+\n| x   | 7   |\n+-----+-----+\n\n"
            "1. one\n2. two\n\n#. auto one\n#. auto two\n\n:Author: Ada\n:Version: 2\n\nterm"
            "\n   definition 9\n\n.. image:: x.png\n   :alt: A chart\n\n.. math:: E = mc^"
            "2\n\n.. [CIT1] Cited 88.\n\n.. _lab: https://y.org\n\n|sub| text\n\n.. |sub| r"
            "eplace:: Substituted\n\n.. versionadded:: 2.1\n   New thing here.\n\n.. toc"
            "tree::\n   :maxdepth: 2\n\n   intro\n   usage\n\n.. automodule:: foo\n",
            has=[
                "Take care 5.",
                "Hot surface.",
                "x = 1",
                "Ada",
                "definition 9",
                "A chart",
                "E = mc^2",
                "Cited 88.",
                "Substituted text",
                "New thing here.",
                "https://x.org",
                "target",
                "intro",
                "2.1",
            ],
            together=[["Name", "Port", "db", "5432"], ["A", "B", "x", "7"], ["a", "b", "m", "5"]],
        ),
        Shown(
            "span.html",
            "<table><thead><tr><th rowspan=2>City</th><th colspan=2>2024</th></tr><"
            "tr><th>H1</th><th>H2</th></tr></thead><tbody><tr><td>Porto</td><td>5</"
            "td><td>6</td></tr></tbody></table>",
            has=["| City | 2024 | 2024 |", "| City | H1 | H2 |", "| Porto | 5 | 6 |"],
        ),
        Shown(
            "entities.html",
            "<p>R&amp;D &lt;cost&gt; 5&nbsp;kg &euro;20 &frac12; x&sup2; H<sub>2</sub>O 10<sup>6</sup></p>",
            has=["R&D <cost>", "5 kg", "\u20ac20", "\xbd", "H2O", "10^6"],
        ),
        Shown(
            "nestedlist.html",
            "<ol><li>One<ul><li>sub a</li><li>sub b</li></ul></li><li>Two<p>para in two</p></li></ol>",
            has=["para in two"],
            lines=["1. One\n  - sub a\n  - sub b\n2. Two"],
        ),
    ],
    ids=lambda shown: shown.filename,
)
def test_marks_become_what_they_show(shown: Shown) -> None:
    assert not faults_of_file(shown)
