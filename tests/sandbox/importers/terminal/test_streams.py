import json
from datetime import UTC, datetime

import pytest

from sandbox.importers.terminal.streams import LogError, shown_in


def cast(version, *events, **header):
    head = {"version": version, **({"width": 80, "height": 24} if version == 2 else {"term": {"cols": 80, "rows": 24}})}
    return "\n".join(json.dumps(line) for line in [head | header, *events])


def texts(shown):
    return [row.text for row in shown.rows if row.text]


def test_plain_text_is_as_it_was_copied():
    shown = shown_in("$ ls\na  b\n")
    assert (shown.form, texts(shown)) == ("plain", ["$ ls", "a  b"])


def test_typescript_has_a_start_and_what_was_typed_over_is_gone():
    text = (
        'Script started on 2026-03-01 10:00:00+00:00 [TERM="xterm" COLUMNS="80" LINES="24"]\r\n'
        "$ lx\b \bs\r\n\x1b[31ma\x1b[0m\r\nloading 1\rloading 9\r\n$ exit\r\n\r\nScript done on 2026-03-01 10:02:00+00:00\r\n"
    )
    shown = shown_in(text)
    assert (shown.form, shown.started) == ("script", datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert texts(shown) == ["$ ls", "a", "loading 9", "$ exit"]
    assert shown.rows[1].coloured == "\x1b[31ma\x1b[0m"


@pytest.mark.parametrize("version", [2, 3])
def test_casts_keep_the_time_of_every_line(version):
    times = [1.0, 2.5, 4.0] if version == 2 else [1.0, 1.5, 1.5]
    events = [[times[0], "o", "$ ls\r\n"], [times[1], "o", "a\r\n"], [times[2], "o", "$ "]]
    shown = shown_in(cast(version, *events, timestamp=1772359200))
    assert (shown.form, shown.started) == (f"asciinema {version}", datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert [(row.text, row.began) for row in shown.rows] == [("$ ls", 1.0), ("a", 2.5), ("$", 4.0)]


def test_a_cast_keeps_what_was_shown_only_and_version_3_has_comments():
    text = cast(3, [0.1, "i", "secret"], [0.1, "o", "$ ls\r\n"], [0.1, "m", "here"], [0.1, "r", "90x20"])
    assert texts(shown_in(text.replace("\n", "\n# a comment\n", 1))) == ["$ ls"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"version": 9}'], "Line 1: it is an asciinema cast of version 9: only versions 2 and 3 are read."),
        (['{"version": 2}', "[1, "], "Line 2: it is not JSON: an asciinema cast has a JSON value on every line."),
        (['{"version": 2}', '[0, "o", "a"]', '["x"]'], 'Line 3: an event is [seconds, "o", "what was shown"].'),
        (['{"version": 2}', '[-1, "o", "a"]'], 'Line 2: an event is [seconds, "o", "what was shown"].'),
    ],
)
def test_a_broken_cast_says_which_line(lines, message):
    with pytest.raises(LogError) as error:
        shown_in("\n".join(lines))
    assert str(error.value) == message


def test_a_full_screen_program_leaves_a_note_and_no_lines():
    shown = shown_in("$ vi a\n\x1b[?1049h~\n~\nINSERT\n\x1b[?1049l$ ls\n")
    assert texts(shown) == ["$ vi a", "$ ls"]
    assert shown.notes == ("A full-screen program (an editor, a pager, top) ran once; what it drew is not in the log.",)


@pytest.mark.parametrize(
    "sent",
    [
        "\x1b[20000@" * 200,
        "\x1b[20000Cx\n" * 200,
        "\x1b[200B" * 20_000,
        "\x1b[" + "9" * 5000 + "@" + "\x1b[20000@" * 200,
    ],
)
def test_a_cursor_sent_around_without_end_fills_no_memory(sent):
    with pytest.raises(LogError, match="moves the cursor further"):
        shown_in(sent)


def test_a_cast_of_centuries_is_refused_with_its_line():
    with pytest.raises(LogError, match=r"^Line 3: the event is more than 30 years"):
        shown_in('{"version": 3, "timestamp": 8589934591}\n[9e8, "o", "a"]\n[9e8, "o", "b"]\n')


def test_a_command_wrapped_at_the_edge_is_one_line():
    long = "$ " + "x" * 78
    events = [[0.1, "o", long], [0.1, "o", " \r"], [0.1, "o", "yz\r\n"]]
    assert texts(shown_in(cast(2, *events))) == [long + "yz"]


def test_an_escape_sequence_cut_between_two_events_is_whole():
    assert texts(shown_in(cast(2, [0.1, "o", "a\x1b[3"], [0.2, "o", "1mred\r\n"]))) == ["ared"]


def test_half_a_character_becomes_a_mark():
    assert texts(shown_in(cast(2, [0.1, "o", "a\ud83d\r\n"]))) == ["a?"]
    assert texts(shown_in("a\ud83d\n")) == ["a?"]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("abc\x1b[2D\x1b[K", "a"),
        ("abc\x1b[3Dx", "xbc"),
        ("abc\x1b[2GX", "aXc"),
        ("abcd\x1b[3D\x1b[2P", "ad"),
        ("ad\x1b[1D\x1b[2@bc", "abcd"),
        ("ab\x1b[2K", ""),
        ("a\tb", "a       b"),
        ("\x1b[9999999Cx", " " * 0),
    ],
)
def test_what_a_shell_sends_while_editing(sent, shown):
    assert shown_in(sent).rows[0].text[:20].rstrip() == shown
