from cases.contexts.library import Record
from cases.templatetags.records import runs


def test_a_record_is_a_mark_a_run_with_its_share_in_words():
    assert runs(Record(("pass", "none", "fail"))) == (
        '<span class="runs" role="img" aria-label="1 of the last 2 settled runs passed, those of patches that were tried included">'
        '<i class="run run--pass"></i><i class="run run--none"></i><i class="run run--fail"></i></span>'
        '<span class="small muted">1/2</span>'
    )


def test_a_case_without_runs_says_so():
    assert runs(Record()) == '<span class="muted">not run</span>'


def test_runs_that_nobody_scored_give_no_share():
    said = runs(Record(("none", "none")))
    assert 'aria-label="none of the last 2 runs is scored"' in said
    assert said.endswith('<span class="small muted">none scored</span>')
