"""Who labels a case by themselves sees nothing of its answer on any page until theirs is given."""

import re
from collections import deque

import pytest
from django.test import Client

from cases import labelling, labels, library
from cases.access import closed_to, left_out
from cases.diagnosis import Answer, Cause
from cases.evaluation.run import evaluate_session
from cases.models import Case, Label, LabelSeat
from rules import patches
from sandbox.models import Exploration
from tests import factories
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db
ANSWER = Answer(causes=(Cause("gnuzebra", "zebra_fault"),), category="zebras", title="a zebra in the gnus")
OTHER = Answer(causes=(Cause("till", "oom_killed"),))
NAME = "the-blind-case"


def page_tells(text: str) -> bool:
    """Whether a page says what the case's answer is: its component, or its class or category beside its name.

    What only repeats the address that was asked for tells nothing.
    """
    text = text.replace("category=zebras", "").replace('value="zebras"', "").replace(">zebras</option>", "")
    return "gnuzebra" in text or (NAME in text and ("zebra_fault" in text or "zebras" in text))


@pytest.fixture
def case():
    """A confirmed case whose answer shows in sessions, patches, a regression and an exploration."""
    found = factories.make_confirmed_case(name=NAME, answer=ANSWER)
    labels.record(found.current, ANSWER, factories.make_user("expert", name="elif"))
    told = factories.make_diagnosis("gnuzebra", "zebra_fault")
    session = factories.make_finished_session(found, diagnosis=told)
    better = factories.make_finished_session(found, diagnosis=told)
    for one in (session, better):
        evaluate_session(one)
    exploration = Exploration.objects.create(
        session=session,
        reason="wrong",
        outcome="success",
        state="closed",
        best=better,
        knowledge=scene.versions.head().value,
    )
    patch = patches.draft(
        title="Tell a zebra_fault from gnus",
        add=(builders.rule(),),
        engine="offline",
        case=found,
        failed=session,
        better=better,
    )
    patches.propose(patch)
    regression = scene.regression("same_pass", patch=patch)
    pair = scene.pair(regression, "fixed", name="its twin")
    pair.case_version, pair.target = found.current, True
    pair.divergence |= {"base": "conclude nothing", "candidate": "conclude zebra_fault at gnuzebra"}
    pair.candidate_session = better
    pair.save()
    scene.transition(patch, "testing", regression=regression)
    patches.judge(patch)
    assert exploration.pk
    return found


def crawl(client: Client, *, most: int = 400) -> dict[str, str]:
    """Every page that a person gets to by links and by parts that pages load, by address."""
    found: dict[str, str] = {}
    waiting = deque(
        [
            "/",
            "/cases/",
            "/library/?view=next",
            "/panels/library/duplicates/",
            "/library/?view=map",
            "/settings/log/",
            "/search/?q=zebra",
        ]
    )
    waiting.extend([f"/search/?q={NAME}", "/library/?category=zebras", "/cases/?category=zebras", "/patches/queue/"])
    while waiting and len(found) < most:
        address = waiting.popleft()
        if address in found or "logout" in address or not address.startswith("/"):
            continue
        answer = client.get(address)
        found[address] = "" if answer.streaming else answer.content.decode(errors="replace")
        base = address.split("?")[0]
        for link in re.findall(r'(?:href|hx-get)="([^"#]*)', found[address]):
            link = link.replace("&amp;", "&")
            waiting.append(base + link if link.startswith("?") else link)
    return {address: text for address, text in found.items() if not address.startswith("/static/")}


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def everything(name: str):
    return factories.make_user("expert", "reviewer", "lead", "admin", name=name)


def own_addresses(case: Case) -> list[str]:
    """Addresses that lists no longer link, and that somebody may still type."""
    sessions = list(case.sessions.values_list("pk", flat=True))
    patch = case.patches.get()
    regression = patch.regression_id
    return [
        f"/cases/{case.pk}/",
        f"/cases/{case.pk}/versions/",
        f"/cases/{case.pk}/label/",
        f"/cases/{case.pk}/snapshot/",
        f"/cases/{case.pk}/variants/",
        f"/panels/cases/{case.pk}/lineage/",
        f"/panels/cases/{case.pk}/health/",
        f"/panels/cases/{case.pk}/sandbox/",
        *(f"/sessions/{pk}/?tab={tab}" for pk in sessions for tab in ("transcript", "scores", "chain", "raw")),
        f"/compare/{sessions[0]}/{sessions[1]}/",
        f"/panels/sessions/{sessions[0]}/sandbox/",
        f"/explorations/{Exploration.objects.get().pk}/",
        f"/sessions/{sessions[0]}/steps/",
        *(f"/patches/{patch.pk}/?tab={tab}" for tab in ("", "diff", "evidence", "regression", "history")),
        f"/regressions/{regression}/",
        *(f"/regressions/{regression}/export.{form}" for form in ("csv", "json", "md", "xml")),
    ]


def test_no_page_tells_the_answer_to_who_labels_by_themselves(case):
    reads = everything("reads")
    told = {address for address, text in crawl(signed_in(reads)).items() if page_tells(text)}
    assert len(told) > 15, told  # the same pages do tell everybody else
    blind = everything("blind")
    labelling.take(case, by=blind)
    client = signed_in(blind)
    pages = crawl(client)
    assert len(pages) > 50
    pages |= {address: client.get(address).content.decode() for address in own_addresses(case)}
    assert {address for address, text in pages.items() if page_tells(text)} == set()


def test_own_answer_opens_every_page_again(client, case):
    user = everything("lena")
    client.force_login(user)
    taken = client.post(f"/cases/{case.pk}/label/take/", follow=True).content.decode()
    assert "Until you give it" in taken
    closed = client.get(f"/cases/{case.pk}/")
    assert (closed.status_code, "Closed until your own answer is given" in closed.content.decode()) == (403, True)
    sent = {"conclusion": "root_cause", "causes-TOTAL_FORMS": 1, "causes-INITIAL_FORMS": 0}
    sent |= {"causes-0-component": "gnuzebra", "causes-0-fault_class": "zebra_fault"}
    answer = client.post(f"/cases/{case.pk}/label/alone/", sent, follow=True)
    assert answer.status_code == 200
    assert page_tells(answer.content.decode())
    case.refresh_from_db()
    assert (case.ambiguity, LabelSeat.objects.get().state) == ("agreed", "given")


def test_who_took_it_from_a_page_that_shows_the_answer_says_so(client, case):
    client.force_login(everything("lena"))
    page = client.post(f"/cases/{case.pk}/label/take/", {"seen": "1"}, follow=True).content.decode()
    assert re.search(r'name="informed"[^>]* checked', page)


def test_who_leaves_is_not_asked_again(case):
    user = everything("lena")
    labelling.take(case, by=user)
    assert closed_to(user) == case.pk
    assert labelling.end(case, by=user, given=False)
    assert closed_to(user) is None
    with pytest.raises(labelling.SeatError, match="another person's answer"):
        labelling.take(case, by=user)


def test_who_confirmed_it_knows_the_answer(case):
    other = factories.make_labelled_case()
    expert = factories.make_user("expert")
    library.confirm(other, by=expert)
    with pytest.raises(labelling.SeatError, match="You confirmed its answer"):
        labelling.take(other, by=expert)


def test_one_case_at_a_time(case):
    user = everything("lena")
    labelling.take(case, by=user)
    with pytest.raises(labelling.SeatError, match="already"):
        labelling.take(factories.make_labelled_case(), by=user)


def test_label_of_who_knew_the_answer_agrees_with_nobody_but_may_disagree(case):
    knew, said_so = everything("knew"), everything("said-so")
    library.label_alone(case, ANSWER, knew)  # not taken first: the case was open to them
    labelling.take(case, by=said_so)
    library.label_alone(case, ANSWER, said_so, informed=True)
    assert list(Label.objects.order_by("pk").values_list("informed", flat=True)) == [False, True, True]
    assert (case.ambiguity, labels.agreement().n) == ("", 0)
    library.label_alone(case, OTHER, knew)
    assert case.ambiguity == "ambiguous"


def test_lists_lose_nothing_for_everybody_else(case, django_assert_num_queries):
    user = everything("lena")
    rows = Case.objects.all()
    closed_to(user)
    with django_assert_num_queries(0):  # read once
        assert left_out(rows, user) is rows
