import pytest

from cases.ansi import PLAIN, Style, plain, runs


@pytest.mark.parametrize(
    ("codes", "classes"),
    [
        ("31", "a-red"),
        ("1;92", "a-green a-bold"),
        ("38;5;196", "a-red"),
        ("38;5;244", "a-white"),
        ("38;2;10;200;220", "a-cyan"),
        ("48;5;21;4", "a-on-blue a-underline"),
        ("1;22;33;39", ""),
        ("31;0", ""),
        ("31;" + "9" * 5000, ""),
        ("31;" + "1;" * 100_000, "a-red a-bold"),
        ("", ""),
    ],
)
def test_codes_become_classes(codes, classes):
    drawn, _ = runs(f"\x1b[{codes}mx")
    assert [run.style.classes for run in drawn] == [classes]


def test_style_goes_on_to_the_next_line_and_places_are_those_of_the_raw_text():
    drawn, style = runs("a \x1b[31mred")
    assert [(run.start, run.end, run.style.classes) for run in drawn] == [(0, 2, ""), (7, 10, "a-red")]
    assert style == Style("red")
    assert runs("still", style)[0][0].style.classes == "a-red"


def test_a_sequence_without_an_end_hides_nothing():
    assert plain("a \x1b]0;the rest of the line") == "a \x1b]0;the rest of the line"


def test_no_escape_sequence_is_shown():
    text = "\x1b]0;title\x07\x1b[2K\x1b(B\x1b[1;31mE\x1b[m\x1b[?25l ok\x1b]8;;http://x\x1b\\"
    assert plain(text) == "E ok"
    assert "".join(text[run.start : run.end] for run in runs(text)[0]) == "E ok"
    assert runs(text)[1] == PLAIN
