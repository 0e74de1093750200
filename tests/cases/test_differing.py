from cases.differing import MOST, Changed, difference


def test_changed_lines_stand_between_those_around_them():
    old = "\n".join(map(str, range(20)))
    found = difference(old, old.replace("\n10\n", "\nten\n"))
    assert found.lines == (
        Changed("fold", folded=7),
        *(Changed("same", str(n), n + 1, n + 1) for n in (7, 8, 9)),
        Changed("removed", "10", old=11),
        Changed("added", "ten", new=11),
        *(Changed("same", str(n), n + 1, n + 1) for n in (11, 12, 13)),
        Changed("fold", folded=6),
    )
    assert (found.added, found.removed, found.same) == (1, 1, False)


def test_lines_moved_by_an_insertion_keep_both_numbers():
    lines = difference("a\nb\nc\nd", "a\nx\nb\nc\ny\nd").lines
    assert [(line.kind, line.text, line.old, line.new) for line in lines] == [
        ("same", "a", 1, 1),
        ("added", "x", None, 2),
        ("same", "b", 2, 3),
        ("same", "c", 3, 4),
        ("added", "y", None, 5),
        ("same", "d", 4, 6),
    ]


def test_colour_is_no_change():
    assert difference("\x1b[31mred\x1b[0m\n", "red\n").same


def test_too_many_changes_are_said_and_not_compared():
    found = difference("a\n" * (MOST + 1), "b\n" * 3)
    assert (found.lines, found.too_long, found.same) == ((), True, False)
