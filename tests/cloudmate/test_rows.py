"""The rows of the long lists, drawn in Python: what each says, with every text escaped."""

import re
from datetime import UTC, datetime

import pytest

from cases.contexts.library import Record
from cases.contexts.listing import cases_page
from cases.models import Case, Entry, Evaluation, Session
from cloudmate.templatetags.rows import case_rows, cut, library_rows, log_rows
from tests import factories

NASTY = '<b title="x">&\'</b>'
SAFE = "&lt;b title=&quot;x&quot;&gt;&amp;&#x27;&lt;/b&gt;"


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def made(**changes) -> Case:
    case = factories.make_case(name=NASTY)
    Case.objects.update(**changes)
    return Case.objects.select_related("system", "current", "owner").get(pk=case.pk)


def in_library(case: Case, *, may_curate: bool = False, confirmations: int = 0, record: Record | None = None) -> str:
    case.confirmations_count, case.record = confirmations, record or Record()
    return library_rows([case], may_curate=may_curate)


@pytest.mark.django_db
def test_row_of_a_case_says_when_it_was_run_and_escapes():
    case = made()
    case.sessions_count, case.last_verdict = 3, ""
    drawn = case_rows([case])
    assert (SAFE in drawn, "<b" in drawn, "not run" in words(drawn)) == (True, False, True)
    assert f'href="/cases/{case.pk}/"' in drawn
    case.last_verdict = "lucky"
    assert "Lucky guess" in words(case_rows([case]))


def test_long_prompt_is_cut_and_says_so():
    assert cut("a" * 240, 240) == "a" * 240
    assert cut("a" * 241, 240) == "a" * 239 + "…"


def measure(session: Session, verdict: str, evaluator: str = "e") -> None:
    Evaluation.objects.create(session=session, version=session.version, evaluator=evaluator, verdict=verdict)


@pytest.mark.django_db
def test_last_verdict_is_of_the_agents_last_run_that_is_scored():
    case = factories.make_case()
    older, newer = (factories.make_finished_session(case) for _ in range(2))
    factories.make_finished_session(case)  # not scored yet
    measure(newer, "lucky")
    measure(newer, "wrong", "a later one")
    measure(older, "success")  # measured again after that
    (row,) = cases_page({}, factories.make_user("lead"))["page"]
    assert (row.last_verdict, row.sessions_count) == ("wrong", 3)


@pytest.mark.django_db
def test_row_of_the_library_escapes_names_and_tags():
    drawn = in_library(made(tags=[NASTY, "b", "c", "d", "fifth"]), may_curate=True)
    assert (drawn.count(SAFE), "<b " in drawn, "fifth" in drawn) == (3, False, False)
    assert 'type="checkbox"' in drawn
    assert 'type="checkbox"' not in in_library(made())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes,confirmations,said",
    [
        ({"state": "labelled"}, 1, "1 of 2 confirmations"),
        ({"state": "quarantined", "quarantined_until": datetime(2026, 3, 4, tzinfo=UTC)}, 0, "until 2026-03-04"),
        ({"state": "confirmed", "ambiguity": "ambiguous"}, 0, "labels disagree: does not gate"),
        ({"state": "confirmed", "gates": False}, 0, "does not gate"),
        ({"frozen_digest": "d", "frozen_size": 2048}, 0, "not measured"),
        ({"frozen_digest": "d", "frozen_size": 2048, "frozen_share": 0.5, "frozen_asked": 8}, 0, "50 % n = 8"),
        ({}, 0, "nothing"),
    ],
)
def test_row_of_the_library_says_what_stands_in_the_way(changes, confirmations, said):
    assert said in words(in_library(made(**changes), confirmations=confirmations))


@pytest.mark.django_db
def test_row_of_the_library_marks_runs_that_went_both_ways():
    flaky = in_library(made(), record=Record(("pass", "fail"), flaky=1, repeated=1))
    assert 'class="bad"' in flaky
    assert "1 of 1" in words(flaky)
    assert 'class="bad"' not in in_library(made(), record=Record(("pass", "pass"), flaky=0, repeated=1))


@pytest.mark.django_db
def test_line_of_the_log_escapes_and_says_what_was_undone():
    lead = factories.make_user("lead", name="<i>ann</i>")
    entry = Entry.objects.create(by=lead, action="confirmed", case=made(), subject=NASTY, words=NASTY)
    drawn = log_rows([entry])
    assert (drawn.count(SAFE), "&lt;i&gt;ann" in drawn, "undone" in drawn) == (3, True, False)
    Entry.objects.create(by=lead, action="undid", undoes=entry)
    assert "undone" in log_rows([Entry.objects.get(pk=entry.pk)])
    assert "a worker" in log_rows([Entry(action="retired", at=entry.at)])
