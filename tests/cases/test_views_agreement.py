import pytest
from django.urls import reverse

from cases.evaluation.base import CODE_VERSION
from cases.evaluation.run import evaluate_session
from cases.models import Evaluation, Score, ScoreReview
from tests import factories

pytestmark = pytest.mark.django_db


def judged(judge: str, value: float, said: float, by, session=None) -> Evaluation:
    evaluation = evaluate_session(session or factories.make_finished_session())
    evaluation.judge = judge
    evaluation.save(update_fields=["judge"])
    rows = [{"id": "q", "question": "Shown?", "answer": "yes" if value else "no", "quote": "", "reason": ""}]
    score = Score.objects.create(
        evaluation=evaluation, dimension="evidence", source="judge", value=value, details={"questions": rows}
    )
    ScoreReview.objects.create(score=score, by=by, value=said, blind=True, answers={"q": "yes" if said else "no"})
    return evaluation


@pytest.fixture
def lead(client):
    user = factories.make_user("lead")
    client.force_login(user)
    return user


def test_cells_count_and_open_their_sessions(client, lead):
    wrong = judged("m 1", 1.0, 0.0, lead)
    judged("m 1", 1.0, 1.0, lead)
    page = client.get(reverse("cases:agreement"), {"cell": "fp"})
    assert {one.name: one.n for one in page.context["cells"]} == {"tp": 1, "fp": 1, "fn": 0, "tn": 0}
    assert [one.session for one in page.context["opened"]] == [wrong.session_id]
    assert f"/sessions/{wrong.session_id}/" in page.content.decode()


def test_a_judge_below_the_bar_is_advisory_and_the_page_says_what_is_missing(client, lead):
    judged("m 1", 1.0, 0.0, lead)
    said = client.get(reverse("cases:agreement")).content.decode()
    assert "may not gate" in said
    assert "1 blind reviews of 50" in said
    assert "1 negative reviews of 15" in said


def test_breakdowns_go_by_dimension_reviewer_month_and_question(client, lead):
    evaluation = judged("m 1", 1.0, 0.0, lead)
    page = client.get(reverse("cases:agreement"))
    month = f"{evaluation.at:%Y-%m}"
    assert [(name, [row.name for row in rows]) for name, rows in page.context["breakdowns"]] == [
        ("Dimension", ["evidence"]),
        ("Reviewer", [lead.username]),
        ("Month", [month]),
        ("Question", ["Shown?"]),
    ]


def test_the_claims_of_all_sessions_are_one_criterion(client, lead):
    for claim in ("c1", "c7"):
        evaluation = judged("m 1", 1.0, 1.0, lead)
        score = evaluation.scores.get(source="judge")
        text = f"Do the steps that claim {claim} cites (1) show what it says?"
        score.details["questions"] = [{"id": f"evidence-{claim}", "question": text, "answer": "yes"}]
        score.save(update_fields=["details"])
        score.reviews.update(answers={f"evidence-{claim}": "yes"})
    rows = dict(client.get(reverse("cases:agreement")).context["breakdowns"])["Question"]
    assert [(row.name, row.counts.n) for row in rows] == [("Do the steps that a claim cites show what it says?", 2)]


def test_low_scoring_is_held_against_what_people_say(client, lead):
    flagged = judged("m 1", 0.0, 0.0, lead)
    flagged.reasons = ["ungrounded"]
    flagged.save(update_fields=["reasons"])
    for said in (0.0, 1.0):
        clean = judged("m 1", 1.0, said, lead)
        clean.reasons = []
        clean.save(update_fields=["reasons"])
    page = client.get(reverse("cases:agreement"))
    precision, recall = page.context["precision"], page.context["recall"]
    assert (precision.value, precision.n, recall.value, recall.n) == (1.0, 1, 0.5, 2)


def test_the_number_of_queries_does_not_grow_with_reviews(client, lead, django_assert_max_num_queries):
    judged("m 1", 1.0, 0.0, lead)
    with django_assert_max_num_queries(30) as one:
        client.get(reverse("cases:agreement"), {"cell": "fp"})
    for _ in range(19):
        judged("m 1", 1.0, 0.0, lead)
    with django_assert_max_num_queries(len(one)):
        client.get(reverse("cases:agreement"), {"cell": "fp"})


def test_right_and_grounded_are_counted_apart_and_open_their_sessions(client, lead):
    found = {}
    for name, correct, grounded in (("success", True, 1.0), ("lucky", True, 0.2), ("misled", False, 0.9)):
        evaluation = evaluate_session(factories.make_finished_session())
        Evaluation.objects.filter(pk=evaluation.pk).update(correct=correct, grounded=grounded)
        found[name] = evaluation.session_id
    page = client.get(reverse("cases:quadrants"), {"cell": "lucky"})
    assert {one.name: one.n for one in page.context["cells"]} == {"success": 1, "lucky": 1, "misled": 1, "lost": 0}
    assert [one.session_id for one in page.context["opened"]] == [found["lucky"]]


def test_a_lead_sets_what_counts_as_low_and_the_next_evaluation_follows(client, lead):
    session = factories.make_finished_session()
    system = session.case.system
    bars = {"grounded": 1.0, "intent": 0.3, "coherence": 0.9, "same_call": 2, "barren": 8, "cost": 0.8, "reviewers": 2}
    sent = {"system": system.pk} | bars
    client.post(reverse("cases:thresholds"), sent)
    system.refresh_from_db()
    assert system.thresholds == bars
    client.post(reverse("cases:thresholds"), sent | {"grounded": "7"})
    system.refresh_from_db()
    assert system.thresholds["grounded"] == 1.0


def test_guesses_are_counted_and_those_not_tried_say_why(client, lead):
    for value, reason in ((1.0, ""), (1.0, ""), (0.0, ""), (None, "The agent could not be asked again: no model")):
        evaluation = evaluate_session(factories.make_finished_session())
        Evaluation.objects.filter(pk=evaluation.pk).update(correct=True, grounded=1.0)
        evaluation.scores.create(dimension="guess", source="deterministic", value=value, reason=reason)
    waiting = evaluate_session(factories.make_finished_session())
    Evaluation.objects.filter(pk=waiting.pk).update(correct=True, grounded=1.0)
    found = client.get(reverse("cases:quadrants")).context["guesses"]
    assert (found.faithful, found.guesses, found.unscored, found.open, found.tried) == (2, 1, 1, 1, 3)
    assert found.reasons == (("The agent could not be asked again", 1),)
    assert (found.share.n, round(found.share.value, 2)) == (3, 0.67)


def test_how_often_a_judge_changes_its_word_is_shown_with_n(client, lead):
    for again in ("yes", "no", "yes"):
        score = judged("m 1", 1.0, 1.0, lead).scores.get(source="judge")
        score.details["again"] = {"q": again}
        score.save(update_fields=["details"])
    judged("m 1", 1.0, 1.0, lead)  # asked once
    page = client.get(reverse("cases:agreement"), {"judge": "m 1"})
    assert (round(page.context["flips"].value, 2), page.context["flips"].n) == (0.33, 3)
    assert "Flips when asked again" in page.content.decode()


def test_what_a_judge_and_what_code_call_good_is_rated_over_their_own_evaluations(client, lead):
    judged("m 1", 1.0, 1.0, lead)
    judged("m 1", 0.0, 0.0, lead)
    other = judged("m 2", 1.0, 1.0, lead)
    code = other.scores.get(source="deterministic", dimension="evidence")
    ScoreReview.objects.create(score=code, by=lead, value=1.0, blind=True)
    for judge, n in (("m 1", 2), (f"checks {CODE_VERSION}", 3)):
        (rate,) = client.get(reverse("cases:agreement"), {"judge": judge}).context["rates"]
        good = Score.objects.filter(dimension="evidence", value__gte=0.5)
        good = good.filter(source="judge", evaluation__judge=judge) if n == 2 else good.filter(source="deterministic")
        assert (rate.dimension, rate.judged.n, rate.judged.value) == ("Evidence completeness", n, good.count() / n)
