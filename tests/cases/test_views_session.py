from datetime import timedelta

import pytest
from django.urls import reverse

from cases import annotating
from cases.contexts.board import board_of
from cases.evaluation.run import evaluate_session
from cases.models import Annotation, ScoreReview, Session
from cases.recording import finish
from cases.transcript import Level
from sandbox.environment.base import Recording
from tests import factories

pytestmark = pytest.mark.django_db

TABS = ["transcript", "scores", "chain", "rules", "annotations", "levels", "raw"]


@pytest.fixture
def expert(client):
    user = factories.make_user("expert", name="elif")
    client.force_login(user)
    return user


@pytest.fixture
def recording(expert):
    """A session that elif records, on a case with a snapshot."""
    return factories.make_session(factories.make_confirmed_case(), actor="expert", engine="expert", by=expert)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_of_a_finished_session_shows(client, expert, tab):
    session = factories.make_finished_session(factories.make_labelled_case())
    evaluate_session(session)
    assert client.get(session.get_absolute_url(), {"tab": tab}).status_code == 200


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_of_an_empty_session_shows(client, expert, tab):
    session = factories.make_session()
    assert client.get(session.get_absolute_url(), {"tab": tab}).status_code == 200


def test_unknown_tab_is_not_found(client, expert):
    assert client.get(factories.make_session().get_absolute_url(), {"tab": "secrets"}).status_code == 404


def test_return_is_escaped(client, expert):
    session = factories.make_session()
    factories.add_step(session, Recording("get_logs", {"service": "<b>"}, "<script>alert(1)</script>"))
    page = client.get(session.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_big_return_comes_in_pieces_and_says_how_much_is_left(client, expert):
    session = factories.make_session()
    text = "".join(f"line {number}\n" for number in range(20_000))
    factories.add_step(session, Recording("get_logs", {"service": "ledger"}, text))
    page = client.get(session.get_absolute_url()).content.decode()
    assert "line 19999" not in page
    assert "not shown" in page
    rest, start = "", 0
    while True:
        shown = client.get(reverse("cases:piece", args=[session.pk, 0]), {"start": start, "as": "text"}).context[
            "piece"
        ]
        rest += "".join("".join(part.text for part in line.segments) + "\n" for line in shown.lines)
        start = shown.end
        if not shown.left:
            break
    assert rest == text


def test_raw_return_is_a_file_byte_for_byte(client, expert):
    session = factories.make_session()
    factories.add_step(session, factories.RECORDINGS[2])
    response = client.get(reverse("cases:raw", args=[session.pk, 0]))
    assert response.content.decode() == factories.RECORDINGS[2].output
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_long_session_begins_with_a_few_steps_and_brings_a_hundred_at_once(client, expert):
    session = factories.make_finished_session(steps=factories.RECORDINGS[:1] * 130)
    first = client.get(session.get_absolute_url())
    assert (len(first.context["steps"]), first.context["steps_left"]) == (20, 110)
    following = client.get(reverse("cases:steps", args=[session.pk]), {"after": 19})
    numbers = [shown.number for shown in following.context["steps"]]
    assert (numbers, following.context["steps_left"]) == (list(range(21, 121)), 10)


def test_session_page_begins_where_its_address_says(client, expert):
    session = factories.make_finished_session(steps=factories.RECORDINGS[:1] * 130)
    page = client.get(session.get_absolute_url(), {"from": "90"})
    assert (page.context["steps"][0].number, page.context["earlier"], page.context["steps_left"]) == (91, 90, 20)


def test_own_score_stands_beside_the_machines(client, expert):
    session = factories.make_finished_session(factories.make_labelled_case())
    evaluation = evaluate_session(session)
    score = evaluation.scores.get(dimension="evidence")
    client.post(reverse("cases:review_score", args=[session.pk, score.pk]), {"value": "0.4", "reason": "one claim"})
    review = ScoreReview.objects.get()
    assert (review.value, review.reason, review.by, review.score) == (0.4, "one claim", expert, score)
    score.refresh_from_db()
    assert score.value == evaluation.grounded


def test_own_score_out_of_range_is_refused_and_what_was_typed_stays(client, expert):
    session = factories.make_finished_session(factories.make_labelled_case())
    score = evaluate_session(session).scores.first()
    url = reverse("cases:review_score", args=[session.pk, score.pk])
    response = client.post(url, {"value": "7", "reason": "because of this"})
    assert response.status_code == 422
    assert "not above 1" in response.content.decode()
    assert "because of this" in response.content.decode()
    assert not ScoreReview.objects.exists()


def test_chain_names_a_quote_that_was_never_said(client, expert):
    made_up = factories.make_diagnosis()
    session = factories.make_finished_session(
        factories.make_labelled_case(), steps=factories.RECORDINGS[1:2], diagnosis=made_up
    )
    evaluate_session(session)
    page = client.get(session.get_absolute_url(), {"tab": "chain"})
    assert page.context["chain"].hanging[0].threads[0].broken == "the return does not say this"
    assert page.context["chain"].broken_count > 0


def test_record_opens_one_session_and_goes_on_with_it(client, expert):
    case = factories.make_confirmed_case()
    first = client.post(reverse("sandbox:record", args=[case.pk]))
    second = client.post(reverse("sandbox:record", args=[case.pk]))
    assert first.url == second.url == reverse("cases:workspace", args=[Session.objects.get().pk])


def test_console_runs_a_call_and_tells_the_workspace(client, expert, recording):
    url = reverse("sandbox:console_run", args=[recording.pk])
    response = client.post(url, {"line": "get_logs service=ledger"}, headers={"HX-Request": "true"})
    assert response.headers["HX-Trigger"] == '{"step-recorded": {"index": 0}}'
    step = recording.steps.get()
    assert (step.tool, step.arguments, step.level) == ("get_logs", {"service": "ledger"}, Level.R0)
    shown = client.get(reverse("cases:steps", args=[recording.pk]), {"after": -1}).content.decode()
    assert "Seq Scan on entries" in shown


def test_console_keeps_what_was_typed_when_it_cannot_be_read(client, expert, recording):
    url = reverse("sandbox:console_run", args=[recording.pk])
    response = client.post(url, {"line": "get_logs ledger"}, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert 'value="get_logs ledger"' in response.content.decode()
    assert not recording.steps.exists()


def test_console_completes_from_schema_and_inventory(client, expert, recording):
    found = client.get(reverse("sandbox:console_complete", args=[recording.pk]), {"line": "get_"}).json()
    assert [one["label"] for one in found["completions"]] == ["get_logs"]


def test_console_of_another_person_takes_no_call(client, recording):
    client.force_login(factories.make_user("expert"))
    url = reverse("sandbox:console_run", args=[recording.pk])
    assert client.post(url, {"line": "get_logs service=ledger"}).status_code == 422
    assert client.get(reverse("cases:workspace", args=[recording.pk])).status_code == 403
    assert not recording.steps.exists()


def test_selected_passage_becomes_evidence_with_its_place(client, expert, recording):
    factories.add_step(recording)
    said = {"kind": "evidence", "step": "0", "quote": "Seq  Scan on\nentries"}
    client.post(reverse("cases:annotate", args=[recording.pk]), said, headers={"HX-Request": "true"})
    kept = Annotation.objects.get()
    assert kept.quote == "Seq Scan on entries"
    assert recording.steps.get().raw.text[kept.start : kept.end] == kept.quote


def test_passage_is_the_one_of_the_line_where_it_was_selected(client, expert, recording):
    factories.add_step(recording, Recording("get_logs", {"service": "till"}, "refused\nfine\nrefused\n"))
    said = {"kind": "evidence", "step": "0", "quote": "refused", "line": "2"}
    client.post(reverse("cases:annotate", args=[recording.pk]), said, headers={"HX-Request": "true"})
    kept = Annotation.objects.get()
    assert (kept.start, kept.end) == (13, 20)


def test_passage_that_was_not_said_is_refused_in_words(client, expert, recording):
    factories.add_step(recording)
    said = {"kind": "evidence", "step": "0", "quote": "the disk is full"}
    response = client.post(reverse("cases:annotate", args=[recording.pk]), said, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert "does not stand in the return" in response.content.decode()


def test_why_and_marks_are_kept_on_the_step(client, expert, recording):
    factories.add_step(recording)
    url = reverse("cases:step", args=[recording.pk, 0])
    client.post(url, {"why": "logs first", "key_evidence": "on"}, headers={"HX-Request": "true"})
    step = recording.steps.get()
    assert (step.why, step.key_evidence, step.dead_end) == ("logs first", True, False)


def test_key_evidence_is_no_dead_end(client, expert, recording):
    factories.add_step(recording)
    url = reverse("cases:step", args=[recording.pk, 0])
    response = client.post(url, {"why": "both?", "key_evidence": "on", "dead_end": "on"})
    assert response.status_code == 422
    assert "both?" in response.content.decode()


def test_clock_stands_still_in_a_pause(recording):
    start = recording.started_at
    annotating.pause(recording, now=start + timedelta(minutes=10))
    annotating.go_on(recording, now=start + timedelta(minutes=25))
    assert annotating.worked_ms(recording, now=start + timedelta(minutes=30)) == 15 * 60_000


def conclusion(**fields):
    parts = {"causes": 1, "claims": 1, "links": 1, "mitigations": 1, "rejected": 1}
    form = {"conclusion": "root_cause", "summary": "", "missing": "", "symptom": "", "scope": ""}
    for part, rows in parts.items():
        form |= {f"{part}-TOTAL_FORMS": rows, f"{part}-INITIAL_FORMS": 0}
    return (
        form
        | {
            "causes-0-component": "ledger",
            "causes-0-fault_class": "missing_index",
            "causes-0-claim": "c1",
            "claims-0-kind": "observation",
            "claims-0-text": "ledger scans a whole table",
            "links-0-relation": "causes",
            "mitigations-0-kind": "causal",
        }
        | fields
    )


def test_finish_says_what_is_unsupported_before_it_accepts(client, expert, recording):
    factories.add_step(recording)
    url = reverse("cases:finish", args=[recording.pk])
    response = client.post(url, conclusion())
    assert response.status_code == 422
    assert response.context["unsupported"] == ["Claim 1 rests on nothing: ledger scans a whole table"]
    client.post(url, conclusion(unsupported="on"))
    recording.refresh_from_db()
    assert recording.state == Session.State.FINISHED


def test_finish_cites_the_marked_passage(client, expert, recording):
    step = factories.add_step(recording)
    mark = annotating.annotate(recording, kind="evidence", quote="Seq Scan on entries", step=step, by=expert)
    client.post(reverse("cases:finish", args=[recording.pk]), conclusion(**{"claims-0-evidence": [str(mark.pk)]}))
    recording.refresh_from_db()
    assert recording.diagnosis["claims"][0]["refs"] == [{"step": 0, "quote": "Seq Scan on entries", "locator": ""}]
    assert evaluate_session(recording).grounded == 1


def test_finish_without_a_root_cause_keeps_what_was_typed(client, expert, recording):
    fields = {"causes-0-component": "", "causes-0-fault_class": "", "causes-0-claim": "", "summary": "I think so"}
    response = client.post(reverse("cases:finish", args=[recording.pk]), conclusion(**fields))
    assert response.status_code == 422
    page = response.content.decode()
    assert "Name the root cause" in page
    assert "I think so" in page


def test_finished_session_takes_no_more_words_on_steps(client, expert, recording):
    factories.add_step(recording)
    client.post(reverse("cases:finish", args=[recording.pk]), conclusion(unsupported="on"))
    assert client.post(reverse("cases:step", args=[recording.pk, 0]), {"why": "late"}).status_code == 403
    assert client.get(reverse("cases:workspace", args=[recording.pk])).url == recording.get_absolute_url()


def test_what_does_not_hold_is_said_while_it_is_written(client, expert, recording):
    step = factories.add_step(recording)
    mark = annotating.annotate(recording, kind="evidence", quote="Seq Scan on entries", step=step, by=expert)
    url = reverse("cases:check_diagnosis", args=[recording.pk])

    def said(**fields):
        return [check.text for check in client.post(url, conclusion(**fields)).context["checks"] if not check.is_advice]

    assert said() == ["Claim 1 rests on nothing: ledger scans a whole table"]
    assert said(**{"claims-0-evidence": [str(mark.pk)]}) == []
    assert said(**{"claims-0-evidence": [str(mark.pk)], "causes-0-component": "mill"}) == [
        "mill is blamed, and nothing that was seen names it"
    ]
    assert said(**{"causes-0-fault_class": "", "claims-0-kind": "odd"}) == [
        "Claim 1 rests on nothing: ledger scans a whole table"
    ]
    recording.refresh_from_db()
    assert (recording.state, recording.diagnosis) == (Session.State.RECORDING, None)


def test_evidence_speaks_for_a_hypothesis_or_against_it(client, expert, recording):
    step = factories.add_step(recording)
    idea = annotating.annotate(recording, kind="hypothesis", text="an index is missing", by=expert)
    passage = annotating.annotate(recording, kind="evidence", quote="Seq Scan on entries", step=step, by=expert)
    url = reverse("cases:bear", args=[recording.pk, passage.pk])

    def bear(stance):
        client.post(url, {"hypothesis": idea.pk, "stance": stance})
        (one,) = board_of(recording).hypotheses
        return [list(one.speaks_for), list(one.speaks_against)]

    assert [bear("for"), bear("against"), bear("")] == [[[passage], []], [[], [passage]], [[], []]]


def test_only_evidence_bears_on_a_hypothesis(client, expert, recording):
    one = annotating.annotate(recording, kind="note", text="odd", by=expert)
    response = client.post(reverse("cases:bear", args=[recording.pk, one.pk]), {"hypothesis": one.pk, "stance": "for"})
    assert (response.status_code, "Only a passage of evidence" in response.content.decode()) == (422, True)


def test_board_costs_as_many_queries_however_much_was_said(recording, expert, django_assert_num_queries):
    step = factories.add_step(recording)
    for _ in range(8):
        idea = annotating.annotate(recording, kind="hypothesis", text="an index is missing", by=expert)
        passage = annotating.annotate(recording, kind="evidence", quote="Seq Scan", step=step, by=expert)
        annotating.bear(passage, idea, "for")
    with django_assert_num_queries(3):
        assert len(board_of(recording).hypotheses) == 8


def test_workspace_of_a_long_session_shows_its_end_and_brings_the_rest(client, expert, recording):
    for _ in range(130):
        factories.add_step(recording)
    page = client.get(reverse("cases:workspace", args=[recording.pk]))
    assert [page.context["steps"][0].number, page.context["steps"][-1].number] == [111, 130]
    before = client.get(reverse("cases:steps", args=[recording.pk]), {"before": 110})
    assert ([one.number for one in before.context["steps"]], before.context["earlier"]) == (list(range(11, 111)), 10)


def test_what_was_asked_twice_stands_side_by_side_and_counts_steps_from_one(client, expert):
    session = factories.make_session(factories.make_labelled_case())
    for _ in range(2):
        factories.add_step(session, Recording("get_logs", {"service": "ledger"}, "the same line"))
    finish(session, diagnosis=factories.make_diagnosis(), stop_reason="concluded")
    evaluate_session(session)
    page = client.get(session.get_absolute_url(), {"tab": "scores"})
    pair = page.context["pairs"].shown[0]
    assert [(side.number, side.tool) for side in pair.sides] == [(1, "get_logs"), (2, "get_logs")]
    shown = page.content.decode()
    assert "Step 2 asks again what was asked" in shown
    assert 'href="?tab=transcript#step-0"' in shown
    assert 'href="?tab=transcript#step-1"' in shown


@pytest.mark.parametrize(("value", "word"), [(1.0, "faithful"), (0.0, "a guess"), (None, "not tried")])
def test_the_guess_test_says_what_came_of_it(client, expert, value, word):
    evaluation = evaluate_session(factories.make_finished_session(factories.make_labelled_case()))
    url = evaluation.session.get_absolute_url()
    assert client.get(url, {"tab": "scores"}).context["guess"].word == "not tried"
    evaluation.scores.create(dimension="guess", source="deterministic", value=value, reason="because")
    said = client.get(url, {"tab": "scores"}).context["guess"]
    assert (said.word, said.reason) == (word, "because")


def test_findings_beyond_the_first_are_counted_and_not_drawn(client, expert):
    session = factories.make_finished_session(factories.make_labelled_case())
    evaluation = evaluate_session(session)
    evaluation.findings = [{"code": "repeated", "text": f"finding {n}", "step": None, "claim": ""} for n in range(1900)]
    evaluation.save(update_fields=["findings"])
    page = client.get(session.get_absolute_url(), {"tab": "scores"}).content.decode()
    assert ("finding 39<" in page, "finding 40<" in page) == (True, False)
    assert "1860 more are not shown." in page
