from cases.shapes import Line, Segment
from cases.templatetags.passages import cells, drawn


def test_every_text_of_a_line_is_escaped_and_its_marks_stand():
    line = Line(
        (Segment("<b>"), Segment("&", True), Segment("x", False, "a-red"), Segment("y", True, "", True)), "bad", 7
    )
    assert drawn([line]) == (
        '<div class="line line--bad" data-line="7">&lt;b&gt;<mark>&amp;</mark>'
        '<span class="a-red">x</span><mark class="found">y</mark></div>'
    )


def test_a_line_of_nothing_keeps_its_height():
    assert drawn([Line((), "", 1)]) == '<div class="line" data-line="1"> </div>'


def test_every_cell_is_escaped_and_a_broken_row_goes_over_all_columns():
    assert cells([("<i>", "2"), ("error: <x>",)], 2) == (
        '<tr><td>&lt;i&gt;</td><td>2</td></tr><tr><td colspan="2">error: &lt;x&gt;</td></tr>'
    )
