"""Patterns of one's own are read in a form that cannot run away."""

import time

import pytest

from cases.patterns import PatternError, read


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"ACME-\d{6}", "id ACME-123456.", "ACME-123456"),
        (r"acct=(\d+)", "acct=77 ok", "acct=77"),
        (r"[^\]k]{2,3}k", "xxk", "xxk"),
        (r"tenant\.[a-z]*", "tenant.north", "tenant.north"),
    ],
)
def test_pattern_finds_what_it_is_written_for(pattern, text, found):
    assert read(pattern, "account").search(text).group() == found


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"(a+)+b", "not repeated"),
        (r"a|b", "write \\\\\\| for the character itself"),
        (r"(?=x)y", "plain parentheses only"),
        (r"\1", "at character 1"),
        (r".*", "matches nothing in particular"),
        (r"\w+", "what is put in place of the secret"),
        (r"a{3,1}", "at most 200"),
        (r"a{1,900}", "at most 200"),
        (r"(ab", "not closed"),
        (r"(a)(b)", "one pair"),
        (r"[a--z]", "doubled character"),
        (r"[z-a]x", "cannot be read"),
        ("x" * 201, "1 to 200"),
        ("", "1 to 200"),
    ],
)
def test_pattern_that_could_run_away_or_finds_anything_is_refused_in_words(pattern, words):
    with pytest.raises(PatternError, match=words):
        read(pattern, "account")


def test_worst_pattern_there_is_reads_the_worst_text_in_time_that_grows_with_its_length():
    """Overlapping repetitions of one letter, which take an unbounded engine hours: 40 times the text, about 40 times the time."""
    pattern = read(r"\w+\w*\w+\d*-x", "account")

    def seconds(length: int) -> float:
        began = time.process_time()
        assert pattern.search("a" * length) is None
        return time.process_time() - began

    assert seconds(400_000) < 400 * max(seconds(10_000), 0.001)
