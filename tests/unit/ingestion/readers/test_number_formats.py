"""Cells are written as a spreadsheet shows them: a zip code keeps its zero, a duration its hours."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ingestion.loaders.sheets.cells import Value, shown

# Sheets have no time zones.
MOMENT = datetime(2023, 4, 5, 14, 30)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1234, "00000", "01234"),
        (0.153, "0.0%", "15.3%"),
        (-0.153, "0.0%", "-15.3%"),
        (0.25, "0%", "25%"),
        (1234567.5, "#,##0.00 [$€-407]", "1,234,567.50 €"),
        (-4200, "#,##0;(#,##0)", "(4,200)"),
        (1234, "$#,##0", "$1,234"),
        (12345.678, '_-* #,##0.00\\ "kr"_-;\\-* #,##0.00\\ "kr"_-', "12,345.68 kr"),
        (1234567, '0.0,,"M"', "1.2M"),
        (123456789, "000-00-0000", "123-45-6789"),
        (5551234567, "[<=9999999]###-####;(###) ###-####", "(555) 123-4567"),
        (5551234, "[<=9999999]###-####;(###) ###-####", "555-1234"),
        (0, '"yes";"yes";"no"', "no"),
        (0, "0.0;-0.0;;@", ""),
        (12.5, "0.0##", "12.5"),
        (0, "#,###", ""),
        (-0.001, "0.00", "0.00"),
        (1.005, "0.00", "1.01"),
        (2.5, "0", "3"),
        (0.00001234, "0.00E+00", "1.23E-05"),
        (0.5, "# ?/?", "1/2"),
        (1.25, "# ??/??", "1 1/4"),
        (4006381333931, "General", "4006381333931"),
        (1.1 + 2.2, "General", "3.3"),
        (1e20, "General", "1E+20"),
        (-3, "General", "-3"),
        (1e300, "0.00", "1E+300"),
        (12, None, "12"),
        ("A", '"ID-"@', "ID-A"),
        ("x", "0.00", "x"),
        (True, "0", "TRUE"),
        (None, "0", ""),
    ],
)
def test_numbers_and_texts(value: Value, code: str | None, text: str) -> None:
    assert shown(value, code) == text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (45021, "yyyy-mm-dd", "2023-04-05"),
        (46022, "dd.mm.yyyy", "31.12.2025"),
        (45474, "mmm yyyy", "Jul 2024"),
        (45021, "[$-407]d. mmmm yyyy;@", "5. April 2023"),
        (45021, "dddd, dd mmm yy", "Wednesday, 05 Apr 23"),
        (45021, "mm-dd-yy", "2023-04-05"),
        (45021.604166667, "yyyy-mm-dd hh:mm", "2023-04-05 14:30"),
        (0.34375, "hh:mm", "08:15"),
        (0.5, "h:mm AM/PM", "12:00 PM"),
        (0.0, "h:mm AM/PM", "12:00 AM"),
        (1.729166667, "[h]:mm", "41:30"),
        (75 / 86400, "mm:ss.0", "01:15"),
        (44197, 'yyyy"年"m"月"d"日"', "2021年1月1日"),
        (1, "yyyy-mm-dd", "1900-01-01"),
        (-1, "yyyy-mm-dd", "-1"),
        (MOMENT, "yyyy-mm-dd hh:mm", "2023-04-05 14:30"),
        (date(2023, 4, 5), "General", "2023-04-05"),
        (MOMENT, None, "2023-04-05 14:30"),
        (time(8, 15), "hh:mm", "08:15"),
        (timedelta(hours=41, minutes=30), "[h]:mm", "41:30"),
    ],
)
def test_dates_and_times(value: Value, code: str | None, text: str) -> None:
    assert shown(value, code) == text


def test_days_may_be_counted_from_1904() -> None:
    assert shown(0, "yyyy-mm-dd", since_1904=True) == "1904-01-01"


@given(
    st.floats() | st.integers(-(10**18), 10**18) | st.text(),
    st.text('0#?.,%/@;"\\[]$-EeyYmMdDhHsSx* _AP', max_size=20),
)
def test_no_format_makes_a_value_unreadable(value: Value, code: str) -> None:
    assert isinstance(shown(value, code), str)


@given(st.integers(0, 10**15 - 1))
def test_whole_numbers_keep_their_digits(value: int) -> None:
    assert shown(value, "#,##0").replace(",", "") == shown(value, "0") == shown(value, "General") == str(value)
