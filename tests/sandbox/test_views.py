import csv
import io
import json
import re
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.evaluation.run import evaluate_session
from cases.models import Session
from sandbox.models import Run
from tests import factories
from tests.rules import scene

pytestmark = pytest.mark.django_db
EVERY = ("regressed", "inconclusive", "fixed", "same_pass", "same_fail", "unaffected")


@pytest.fixture
def signed_in(client):
    def sign_in(*roles, name=""):
        user = factories.make_user(*roles, name=name)
        client.force_login(user)
        return user

    return sign_in


def queries_of(client, url):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    return len(captured)


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_regression_asks_the_same_queries_for_1_and_20_pairs(client, signed_in):
    signed_in("reviewer")
    small, large = scene.regression("fixed"), scene.regression(*["fixed"] * 20)
    client.get("/patches/")
    assert queries_of(client, f"/regressions/{large.pk}/") == queries_of(client, f"/regressions/{small.pk}/")


def test_exploration_asks_the_same_queries_for_4_and_20_branches(client, signed_in):
    signed_in("reviewer")
    small, large = scene.exploration(), scene.exploration(branches=20)
    client.get("/patches/")
    assert queries_of(client, f"/explorations/{large.pk}/") == queries_of(client, f"/explorations/{small.pk}/")


def test_comparison_asks_the_same_queries_for_1_and_20_steps(client, signed_in):
    signed_in("reviewer")
    urls = []
    for steps in (1, 20):
        case = factories.make_case()
        two = [factories.make_finished_session(case, steps=factories.RECORDINGS[:1] * steps) for _ in range(2)]
        urls.append(f"/compare/{two[0].pk}/{two[1].pk}/")
    client.get("/patches/")
    assert queries_of(client, urls[1]) == queries_of(client, urls[0])


def test_case_panel_asks_the_same_queries_for_1_and_5_runs(client, signed_in):
    signed_in("reviewer")
    case = factories.make_confirmed_case()

    def run():
        Run.objects.create(
            case_version=case.current,
            snapshot=case.snapshots.last(),
            knowledge=scene.versions.head().value,
            state=Run.State.DONE,
            session=factories.make_finished_session(case),
        )

    run()
    client.get("/patches/")
    url = f"/panels/cases/{case.pk}/sandbox/"
    one = queries_of(client, url)
    for _ in range(4):
        run()
    assert queries_of(client, url) == one


def test_case_panel_brings_the_sessions_anew_when_its_live_part_asks_and_asks_on_until_the_verdict(client, signed_in):
    signed_in("reviewer")
    case = factories.make_confirmed_case()
    session = factories.make_finished_session(case)
    url = f"/panels/cases/{case.pk}/sandbox/"
    first = client.get(url).content.decode()
    assert 'id="case-sessions"' not in first
    assert "case-sandbox-live" in first
    again = client.get(url, headers={"HX-Request": "true", "HX-Target": "case-sandbox"}).content.decode()
    assert 'hx-swap-oob="morph"' in again
    assert f'href="/sessions/{session.pk}/"' in again
    evaluate_session(session)
    assert "case-sandbox-live" not in client.get(url).content.decode()


def test_regression_shows_what_was_lost_first_and_counts_the_rest_apart(client, signed_in):
    signed_in("reviewer")
    row = scene.regression(*EVERY)
    page = client.get(f"/regressions/{row.pk}/").content.decode()
    headings = [
        re.sub(r"<[^>]+>", "", found).split() for found in re.findall(r'scope="rowgroup">(.*?)</th>', page, re.S)
    ]
    assert headings[:3] == [["Regressed", "1"], ["Inconclusive", "1"], ["Fixed", "1"]]
    assert page.count('class="is-bad"') == 1
    assert page.count("case-column--lost") == 1
    lost = row.pairs.get(outcome="regressed")
    assert f"/compare/{lost.base_session_id}/{lost.candidate_session_id}/" in page
    assert "miss: get_traces" in page


@pytest.mark.parametrize(
    ("show", "rows"), [("", 6), ("changed", 2), ("regressed", 1), ("fixed", 1), ("inconclusive", 1), ("nonsense", 6)]
)
def test_regression_filter_is_in_the_url(client, signed_in, show, rows):
    signed_in("reviewer")
    row = scene.regression(*EVERY)
    page = client.get(f"/regressions/{row.pk}/?show={show}").content.decode()
    assert page.count('<tr id="case-') == rows


def test_open_regression_polls_says_how_far_it_is_and_ends_once(client, signed_in):
    signed_in("reviewer")
    row = scene.regression("fixed", waiting=3, state="open")
    page = client.get(f"/regressions/{row.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert 'id="regression-live"' in page and "1 of 4 pairs" in page and "<html" not in page
    assert re.search(r'role="status" id="regression-said"></p>', page)
    ended = client.get(f"/regressions/{scene.regression('fixed').pk}/").content.decode()
    assert 'id="regression-live"' not in ended
    assert "The regression has ended: 0 regressed, 1 fixed" in ended


def test_exports_hold_every_case(client, signed_in):
    signed_in("reviewer")
    row = scene.regression(*EVERY)
    answers = {form: client.get(f"/regressions/{row.pk}/export.{form}") for form in ("csv", "json", "md", "xml")}
    assert {form: answer.status_code for form, answer in answers.items()} == dict.fromkeys(answers, 200)
    assert len(list(csv.DictReader(io.StringIO(answers["csv"].content.decode())))) == 6
    assert len(json.loads(answers["json"].content)["cases"]) == 6
    suite = ElementTree.fromstring(answers["xml"].content)
    assert len(list(suite.iter("testcase"))) == 6 and len(list(suite.iter("failure"))) == 1
    assert client.get(f"/regressions/{row.pk}/export.exe").status_code == 404


def test_comparison_marks_the_first_difference(client, signed_in):
    signed_in("reviewer")
    case = factories.make_case()
    old = factories.make_finished_session(case, steps=factories.RECORDINGS[:2])
    new = factories.make_finished_session(case, steps=(factories.RECORDINGS[0], factories.RECORDINGS[2]))
    shown = client.get(f"/compare/{old.pk}/{new.pk}/")
    assert "They part at step 2:" in words(shown)
    assert shown.content.decode().count('id="parts"') == 1
    assert "1 of 2 calls the same" in words(shown)


def test_comparison_says_what_came_in_and_what_was_left_out(client, signed_in):
    signed_in("reviewer")
    case = factories.make_case()
    few = factories.make_finished_session(case, steps=(factories.RECORDINGS[0], factories.RECORDINGS[2]))
    many = factories.make_finished_session(case, steps=factories.RECORDINGS[:3])
    more, next_one = (f"{one.tool} " for one in factories.RECORDINGS[1:3])
    assert re.search(f"{more}.* comes in before {next_one}", words(client.get(f"/compare/{few.pk}/{many.pk}/")))
    assert re.search(
        f"{more}.* is left out, {next_one}.* comes next", words(client.get(f"/compare/{many.pk}/{few.pk}/"))
    )


def test_comparison_marks_the_conclusion_where_only_that_differs(client, signed_in):
    signed_in("reviewer")
    case = factories.make_case()
    old = factories.make_finished_session(case)
    new = factories.make_finished_session(case, diagnosis=factories.make_diagnosis("till", "oom_killed"))
    page = client.get(f"/compare/{old.pk}/{new.pk}/").content.decode()
    assert re.search(r'aligned__end is-new" id="parts"', page)
    assert client.get(f"/compare/{old.pk}/{old.pk}/").status_code == 200


def test_sessions_of_two_cases_are_not_compared(client, signed_in):
    signed_in("reviewer")
    one, other = factories.make_finished_session(), factories.make_finished_session()
    assert client.get(f"/compare/{one.pk}/{other.pk}/").status_code == 404


def test_success_names_its_branch_and_what_was_not_needed(client, signed_in):
    signed_in("reviewer")
    row = scene.exploration()
    shown = client.get(f"/explorations/{row.pk}/")
    assert "3 branches ran; 1 of the plan was not needed" in words(shown)
    assert "fork after step 1, get_changes" in words(shown)
    assert f'href="/compare/{row.session_id}/{row.best_id}/"' in shown.content.decode()


def test_hand_over_shows_what_was_seen_and_asks_for_an_expert(client, signed_in):
    signed_in("reviewer")
    row = scene.exploration("handed_over")
    shown = client.get(f"/explorations/{row.pk}/")
    assert "an expert is needed" in words(shown) and "p95 rises" in words(shown)
    assert re.search(r"<button[^>]*disabled[^>]*>.*?Record a guided session", shown.content.decode(), re.S)
    signed_in("expert")
    shown = client.get(f"/explorations/{row.pk}/")
    assert not re.search(r"<button[^>]*disabled", shown.content.decode())
    found = factories.make_finished_session(row.session.case, actor="expert", engine="expert")
    evaluate_session(found)
    shown = client.get(f"/explorations/{row.pk}/")
    assert found.get_absolute_url() in shown.content.decode()
    assert "No branch found it, and an expert's session has" in words(shown)


def test_branch_is_left_out_and_the_rest_stopped(client, signed_in):
    signed_in("expert")
    row = scene.exploration("")
    client.post(f"/explorations/{row.pk}/branches/3/leave-out/")
    assert row.branches.get(index=3).verdict == "pruned"
    answer = client.post(f"/explorations/{row.pk}/stop/", follow=True)
    assert "Stopped. What had ended is kept." in words(answer)
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("cancelled", "cancelled")
    assert "It had ended already." in words(client.post(f"/explorations/{row.pk}/stop/", follow=True))
    assert client.post(f"/explorations/{row.pk}/branches/99/leave-out/").status_code == 404


def test_branch_is_put_first_and_a_stopped_exploration_goes_on(client, signed_in):
    signed_in("expert")
    row = scene.exploration("")
    client.post(f"/explorations/{row.pk}/branches/3/boost/")
    assert row.branches.get(index=3).boosted_at is not None
    assert client.post(f"/explorations/{row.pk}/branches/99/boost/").status_code == 404
    client.post(f"/explorations/{row.pk}/stop/")
    assert "Go on" in words(client.get(f"/explorations/{row.pk}/"))
    answer = client.post(f"/explorations/{row.pk}/resume/", follow=True)
    assert "It goes on with what had not ended." in words(answer)
    assert "It is running already." in words(client.post(f"/explorations/{row.pk}/resume/", follow=True))


def test_branch_of_ones_own_is_added_and_what_does_not_fit_comes_back(client, signed_in):
    signed_in("expert", name="vera")
    row = scene.exploration("")
    given = {"after": row.session_id, "steps": "0", "line": "", "hint": "look at the locks"}
    shown = client.post(f"/explorations/{row.pk}/inject/", given, follow=True)
    assert "Branch 5 is next." in words(shown) and "added by vera" in words(shown)
    shown = client.post(f"/explorations/{row.pk}/inject/", given | {"line": "what is it", "hint": ""})
    assert shown.status_code == 422
    assert 'value="what is it"' in shown.content.decode()
    assert "write name=value" in words(shown)


def test_more_branches_want_a_number(client, signed_in):
    signed_in("expert")
    row = scene.exploration("handed_over")
    assert "Write a number from 1 to 20" in words(
        client.post(f"/explorations/{row.pk}/more/", {"runs": "x"}, follow=True)
    )
    assert "branches more" in words(client.post(f"/explorations/{row.pk}/more/", {"runs": "2"}, follow=True))
    row.refresh_from_db()
    assert row.state == "open"


def test_panel_of_a_case_without_snapshot_says_what_to_do(client, signed_in):
    signed_in("expert")
    case = factories.make_case()
    shown = client.get(f"/panels/cases/{case.pk}/sandbox/")
    assert "Import recordings, or record a session" in words(shown)
    answer = client.post(f"/cases/{case.pk}/run-agent/", follow=True)
    assert "snapshot" in words(answer) and not Run.objects.exists()


def test_agent_is_run_from_a_case_and_shows_that_it_works(client, signed_in):
    signed_in("expert")
    case = factories.make_confirmed_case()
    client.post(f"/cases/{case.pk}/run-agent/")
    run = Run.objects.get()
    assert (run.state, run.origin, run.case_version) == ("queued", Session.Origin.RECORDED, case.current)
    page = client.get(f"/panels/cases/{case.pk}/sandbox/").content.decode()
    assert "a run is under way" in page and 'id="case-sandbox-live"' in page


def test_exploration_is_asked_for_once(client, signed_in):
    signed_in("reviewer")
    failed = factories.make_finished_session(factories.make_confirmed_case())
    answer = client.post(f"/sessions/{failed.pk}/explore/", follow=True)
    assert "Exploring: the plan is below." in words(answer)
    answer = client.post(f"/sessions/{failed.pk}/explore/", follow=True)
    assert "explored already" in words(answer)


def test_critic_needs_a_better_session(client, signed_in):
    signed_in("reviewer")
    failed = factories.make_finished_session(factories.make_confirmed_case())
    assert "Choose the better session" in words(client.post(f"/sessions/{failed.pk}/critique/", follow=True))


def test_only_sessions_that_found_the_cause_are_offered_to_the_critic(client, signed_in):
    signed_in("reviewer")
    case = factories.make_confirmed_case()
    failed = factories.make_finished_session(case)
    wrong = factories.make_finished_session(case, diagnosis=factories.make_diagnosis("till", "oom_killed"))
    evaluate_session(wrong)
    panel = client.get(f"/panels/sessions/{failed.pk}/sandbox/").content.decode()
    assert f'<option value="{wrong.pk}">' not in panel
    assert "Of none of them it is known that it found the cause" in panel
    better = factories.make_finished_session(case, actor="expert", engine="expert")
    evaluate_session(better)
    panel = client.get(f"/panels/sessions/{failed.pk}/sandbox/").content.decode()
    assert re.findall(r'<option value="(\d+)">', panel) == [str(better.pk)]


def test_rationale_without_a_derivation_is_not_found(client, signed_in):
    signed_in("expert")
    session = factories.make_finished_session()
    assert client.post(f"/sessions/{session.pk}/why/0/", {"rationale": "x"}).status_code == 404
