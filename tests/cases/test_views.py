import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.evaluation.run import evaluate_session
from cases.models import Case, Evaluation, Session
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client):
    user = factories.make_user("lead", name="lena")
    client.force_login(user)
    return user


@pytest.fixture
def expert(client):
    user = factories.make_user("expert", name="elif")
    client.force_login(user)
    return user


def queries_of(client, url):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    return len(captured)


def fill(n):
    for _ in range(n):
        case = factories.make_labelled_case()
        factories.make_finished_session(case)


@pytest.mark.parametrize("url", ["/cases/", "/library/", "/library/?view=map"])
def test_list_asks_the_same_queries_for_1_and_20_rows(client, lead, url):
    fill(1)
    one = queries_of(client, url)
    fill(19)
    assert queries_of(client, url) == one


def test_home_asks_the_same_queries_for_1_and_20_rows(client, lead):
    fill(1)
    client.get("/")
    one = queries_of(client, "/")
    fill(4)
    assert queries_of(client, "/") == one


def test_session_asks_the_same_queries_for_1_and_20_steps(client, lead):
    short = factories.make_finished_session(steps=factories.RECORDINGS[:1])
    long = factories.make_finished_session(steps=factories.RECORDINGS[:1] * 20)
    assert queries_of(client, long.get_absolute_url()) == queries_of(client, short.get_absolute_url())


@pytest.mark.parametrize("name", ["cases:cases", "cases:library", "home"])
def test_page_without_a_role_is_forbidden_in_words(client, name):
    client.force_login(factories.make_user())
    response = client.get(reverse(name))
    assert response.status_code == 403
    assert "role" in response.content.decode()


@pytest.mark.parametrize("name", ["cases:cases", "cases:library", "home"])
def test_page_signed_out_leads_to_sign_in(client, name):
    response = client.get(reverse(name))
    assert response.headers["Location"] == f"/accounts/login/?next={reverse(name)}"


def test_sign_in_says_what_was_wrong(client, db):
    response = client.post(reverse("login"), {"username": "nobody", "password": "wrong"})
    assert "Name and password do not match" in response.content.decode()


def test_filters_stand_in_the_url(client, lead):
    other = factories.make_system("harbour")
    factories.make_case(name="kept", system=other)
    factories.make_case(name="left out")
    page = client.get("/cases/", {"system": "harbour", "state": "draft"}).content.decode()
    assert "kept" in page
    assert "left out" not in page
    assert "1 of 2" in page


def test_filter_that_means_nothing_is_ignored(client, lead):
    factories.make_case(name="here")
    assert "here" in client.get("/cases/", {"state": "nonsense", "sort": "password", "page": "x"}).content.decode()


def test_search_finds_words_of_the_prompt(client, lead):
    factories.make_case(name="by prompt")
    assert "by prompt" in client.get("/cases/", {"q": "checkout is slow"}).content.decode()


def test_empty_list_says_what_to_do(client, lead):
    assert "manage.py import_cases" in client.get("/cases/").content.decode()


def test_list_shows_the_verdict_of_the_agent_and_not_of_the_expert(client, lead):
    case = factories.make_labelled_case()
    wrong = factories.make_diagnosis("till", "oom_killed")
    evaluate_session(factories.make_finished_session(case, diagnosis=wrong))
    evaluate_session(factories.make_finished_session(case, actor="expert", engine="expert"))
    page = client.get("/cases/").content.decode()
    assert "Wrong" in page
    assert "Success" not in page


def test_case_page_shows_the_expected_answer_to_people(client, expert):
    page = client.get(factories.make_labelled_case().get_absolute_url()).content.decode()
    assert "missing index on ledger" in page
    assert "never shown to an agent" in page


def test_case_goes_from_draft_to_confirmed_by_two_people(client, expert):
    case = factories.make_case(answer=None)
    client.post(reverse("cases:clean", args=[case.pk]))
    client.post(
        reverse("cases:label", args=[case.pk]),
        {
            "title": "An index is missing",
            "conclusion": "root_cause",
            "category": "database",
            "causes-TOTAL_FORMS": "2",
            "causes-INITIAL_FORMS": "0",
            "causes-0-component": "ledger",
            "causes-0-fault_class": "missing_index",
            "causes-1-component": "",
            "causes-1-fault_class": "",
        },
    )
    client.post(reverse("cases:confirm", args=[case.pk]))
    again = client.get(case.get_absolute_url()).content.decode()
    assert "You have confirmed this version" in again
    client.force_login(factories.make_user("lead"))
    client.post(reverse("cases:confirm", args=[case.pk]))
    case = Case.objects.get(pk=case.pk)
    assert case.state == Case.State.CONFIRMED
    assert case.current.parsed_answer().causes[0].fault_class == "missing_index"


def test_closed_action_says_why(client):
    client.force_login(factories.make_user("reviewer"))
    page = client.get(factories.make_case().get_absolute_url()).content.decode()
    assert "An expert or a lead does this." in page
    assert "<form" in page


def test_reviewer_cannot_label(client):
    client.force_login(factories.make_user("reviewer"))
    case = factories.make_labelled_case()
    assert client.get(reverse("cases:label", args=[case.pk])).status_code == 403


def test_quarantine_without_a_reason_says_so_and_changes_nothing(client, lead):
    case = factories.make_confirmed_case()
    response = client.post(reverse("cases:quarantine", args=[case.pk]), {"reason": ""})
    assert response.status_code == 422
    assert "Say why in a few words" in response.content.decode()
    assert Case.objects.get(pk=case.pk).state == Case.State.CONFIRMED


def test_quarantine_and_restore_keep_the_reason(client, lead):
    case = factories.make_confirmed_case()
    client.post(reverse("cases:quarantine", args=[case.pk]), {"reason": "flaky recordings"})
    assert Case.objects.get(pk=case.pk).state_reason == "flaky recordings"
    client.post(reverse("cases:restore", args=[case.pk]), {"reason": "recorded again"})
    assert Case.objects.get(pk=case.pk).state == Case.State.CONFIRMED


def test_bulk_confirmation_is_for_leads_and_stands_on_the_case(client, lead):
    cases = [factories.make_labelled_case() for _ in range(3)]
    client.post(reverse("cases:in_bulk"), {"action": "confirm", "case": [case.pk for case in cases]})
    assert set(Case.objects.values_list("state", flat=True)) == {Case.State.CONFIRMED}
    assert "in bulk" in client.get(cases[0].get_absolute_url()).content.decode()


def test_bulk_confirmation_by_an_expert_is_forbidden(client, expert):
    case = factories.make_labelled_case()
    assert client.post(reverse("cases:in_bulk"), {"action": "confirm", "case": [case.pk]}).status_code == 403
    assert Case.objects.get().state == Case.State.LABELLED


def test_map_counts_what_gates_and_names_the_gaps(client, lead):
    factories.make_confirmed_case()
    factories.make_labelled_case(
        system=factories.make_system("harbour"), answer={"category": "network", "title": "dns"}
    )
    page = client.get("/library/?view=map")
    assert page.context["gaps"] == 3
    assert page.context["cells"] == 4


def test_home_lists_what_waits_longest_first(client, lead):
    first = factories.make_labelled_case(name="older")
    second = factories.make_labelled_case(name="newer")
    titles = [turn.title for turn in client.get("/").context["turns"]]
    assert titles == [first.name, second.name]


def test_home_of_a_new_install_shows_the_first_three_things(client, lead):
    firsts = client.get("/").context["firsts"]
    assert [first.done for first in firsts] == [False, False, False]


def test_home_asks_an_expert_for_a_word_on_a_failed_session(client, expert):
    case = factories.make_confirmed_case()
    session = factories.make_finished_session(case, diagnosis=factories.make_diagnosis("till", "oom_killed"))
    evaluate_session(session)
    assert session.get_absolute_url() in [turn.url for turn in client.get("/").context["turns"]]


def test_there_is_no_such_case(client, lead):
    response = client.get("/cases/999/")
    assert response.status_code == 404


def test_every_write_refuses_a_read(client, lead):
    case = factories.make_labelled_case()
    for name in ("clean", "confirm", "quarantine", "restore", "retire"):
        assert client.get(reverse(f"cases:{name}", args=[case.pk])).status_code == 405
    assert client.get(reverse("cases:in_bulk")).status_code == 405
    assert Session.objects.count() == 0


def test_case_shows_the_paths_that_experts_took_and_asks_as_often_for_5_as_for_1(client):
    client.force_login(factories.make_user("lead"))
    case = factories.make_confirmed_case()
    expert = factories.make_user("expert", name="elif")

    def another():
        factories.make_finished_session(case, actor="expert", engine="expert", by=expert)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(case.get_absolute_url())
        return len(queries)

    factories.make_finished_session(case)  # an agent's is no accepted path
    guessed = factories.make_finished_session(case, actor="expert", engine="expert", by=expert)
    evaluate_session(guessed)
    Evaluation.objects.update(verdict="lucky")  # nor is a guess
    another()
    page = client.get(case.get_absolute_url())
    assert [(path.session.by, path.calls) for path in page.context["paths"]] == [
        (expert, (("get_logs", "service=ledger"), ("get_logs", "service=till")))
    ]
    assert "Accepted paths" in page.content.decode()
    one = asked()
    for _ in range(4):
        another()
    assert asked() == one
