import re

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cloudmate.states import transition
from rules import comments, merge, patches, review, versions
from rules.models import Patch, PatchComment
from rules.turn_contexts import waiting_for
from tests import factories
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db
TABS = ("", "diff", "evidence", "regression", "history")
BROKEN = 'RULE broken\nWHEM evidence(log)\nTHEN IMPLY missing_index\nBECAUSE "x"\n'


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


def button(response, label: str) -> str:
    """The button's own tag, as it stands in the page."""
    page = response.content.decode()
    return next(tag for tag, inside in re.findall(r"(<button[^>]*>)(.*?)</button>", page, re.S) if label in inside)


def test_patches_ask_the_same_queries_for_1_and_20_rows(client, signed_in):
    signed_in("lead")
    scene.patch("in_review", "same_pass", "fixed")
    client.get("/patches/")
    one = [queries_of(client, url) for url in ("/patches/", "/")]
    for _ in range(19):
        builders.in_review(name=f"another-{Patch.objects.count()}")
    assert [queries_of(client, url) for url in ("/patches/", "/")] == one


@pytest.mark.parametrize("tab", TABS)
def test_patch_asks_the_same_queries_for_1_and_20_pairs(client, signed_in, tab):
    signed_in("lead")
    small = scene.patch("in_review", "fixed")
    large = scene.patch("in_review", *["fixed"] * 20)
    client.get("/patches/")
    assert queries_of(client, f"{large.get_absolute_url()}?tab={tab}") == queries_of(
        client, f"{small.get_absolute_url()}?tab={tab}"
    )


def test_patch_asks_the_same_queries_for_1_and_20_losses_and_comments(client, signed_in):
    lead = signed_in("lead")
    small = scene.patch("refused", "regressed")
    large = scene.patch("refused", *["regressed"] * 20)
    for patch, number in ((small, 1), (large, 20)):
        for _ in range(number):
            PatchComment.objects.create(patch=patch, text="why?", by=lead)
    client.get("/patches/")
    assert queries_of(client, large.get_absolute_url()) == queries_of(client, small.get_absolute_url())


def test_versions_and_rules_ask_the_same_queries_for_1_and_6_versions(client, signed_in):
    reviewer = signed_in("reviewer")

    def grow(number):
        patch = builders.in_review(name=f"rule-{number}")
        review.decide(patch, by=reviewer, decision="approve")
        merge.merge(patch, by=reviewer)

    grow(1)
    urls = ("/knowledge/", "/rules/", "/knowledge/1/", "/knowledge/insight/")
    client.get("/knowledge/")
    few = [queries_of(client, url) for url in urls]
    for number in range(2, 7):
        grow(number)
    caches["sums"].clear()  # what insight counts once a minute
    assert [queries_of(client, url) for url in urls] == few


def test_your_turn_and_the_navigation_count_the_same(client, signed_in):
    reviewer = signed_in("reviewer", "expert")
    builders.in_review()
    builders.in_review(name="mine", by=reviewer)
    builders.draft(name="my-draft", by=reviewer)
    builders.draft(name="not-my-draft")
    assert [patch.title for patch in waiting_for(reviewer)] == ["add look-behind-the-pool", "add my-draft"]
    assert client.get("/").content.decode().count('class="turn"') == 2
    navigation = client.get("/patches/").content.decode()
    assert re.search(r'href="/patches/".*?class="count[^"]*"[^>]*>\s*2\b', navigation, re.S)


def test_approved_patch_waits_for_its_merge(client, signed_in):
    reviewer = signed_in("reviewer")
    patch = scene.patch("in_review", "fixed")
    assert "waits for a reviewer" in words(client.get(patch.get_absolute_url()))
    review.decide(patch, by=reviewer, decision="approve")
    assert "waits for its merge" in words(client.get(patch.get_absolute_url()))
    assert "approved: merge it" in words(client.get("/"))


def test_refused_patch_names_the_case_and_the_step_and_cannot_be_approved(client, signed_in):
    signed_in("reviewer")
    patch = scene.patch("refused", "regressed", "fixed")
    shown = client.get(patch.get_absolute_url())
    lost = patch.regression.pairs.get(outcome="regressed")
    assert f"{lost.case_version.case.name} 1/1 → 0/1" in words(shown)
    assert "Step 4: conclude missing_index at ledger instead of" in words(shown)
    assert f'href="/compare/{lost.base_session_id}/{lost.candidate_session_id}/"' in shown.content.decode()
    assert "disabled" in button(shown, "Approve")
    assert "only a patch in review can be decided on" in words(shown)
    client.post(f"/patches/{patch.pk}/decide/", {"decision": "approve"})
    patch.refresh_from_db()
    assert (patch.state, patch.reviews.count()) == ("refused", 0)


def test_author_cannot_decide_and_is_told_why(client, signed_in):
    author = signed_in("reviewer")
    patch = scene.patch("in_review", "fixed", by=author)
    shown = client.get(patch.get_absolute_url())
    assert "disabled" in button(shown, "Approve")
    assert "You made it: someone else has to decide" in words(shown)


def test_admin_reads_everything_and_every_shut_button_says_why(client, signed_in):
    signed_in("admin")
    for patch in (scene.patch("draft"), scene.patch("testing", waiting=1), scene.patch("in_review", "fixed")):
        page = client.get(patch.get_absolute_url()).content.decode()
        shut = re.findall(r"<button[^>]*disabled[^>]*>", page)
        named = {re.search(r'aria-describedby="([^"]+)"', tag).group(1) for tag in shut}
        assert named and all(f'id="{name}"' in page for name in named)
        assert not re.findall(
            r'<form[^>]*method="post"[^>]*action="/patches/[^"]*"[^>]*>(?:(?!</form>).)*<button(?![^>]*disabled)',
            page,
            re.S,
        )


def test_review_merges_into_the_next_version(client, signed_in):
    signed_in("reviewer", name="ria")
    patch = scene.patch("in_review", "fixed", "same_pass")
    client.post(f"/patches/{patch.pk}/decide/", {"decision": "approve"})
    answer = client.post(f"/patches/{patch.pk}/merge/", follow=True)
    assert "It is part of knowledge v1 , merged by ria" in words(answer)
    assert versions.head().number == 1
    assert [row.name for row in versions.knowledge(versions.head()).rules] == ["rule-1"]
    assert "1 rule<" in client.get("/rules/").content.decode()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"decision": "changes"}, "Say what should change"),
        ({"decision": "reject"}, "Choose the reason for rejecting"),
        ({"decision": "maybe"}, "Choose approve, request changes or reject"),
    ],
)
def test_incomplete_decision_says_what_is_missing(client, signed_in, sent, said):
    signed_in("reviewer")
    patch = scene.patch("in_review", "fixed")
    answer = client.post(f"/patches/{patch.pk}/decide/", sent, follow=True)
    assert said in words(answer)
    patch.refresh_from_db()
    assert patch.state == "in_review"


def test_rule_with_a_mistake_keeps_what_was_typed_and_shows_the_place(client, signed_in):
    signed_in("expert")
    answer = client.post("/patches/new/", {"title": "mine", "text": BROKEN, "note": "because"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "line 2, column 1, at WHEM" in words(answer)
    assert "<mark>WHEM</mark> evidence(log)" in page
    assert 'value="mine"' in page and "RULE broken" in page and "because" in page
    assert not Patch.objects.exists()


def test_edit_makes_a_new_revision_that_is_tested_again(client, signed_in):
    expert = signed_in("expert")
    patch = scene.patch("refused", "regressed", by=expert)
    text = builders.RULE.format(name="rule-1").replace("pool", "connection pool")
    client.post(f"/patches/{patch.pk}/edit/", {"title": patch.title, "text": text, "note": "narrower"})
    patch.refresh_from_db()
    assert (patch.state, patch.revision_number, patch.regression, patch.verdict) == ("draft", 2, None, None)
    history = words(client.get(f"{patch.get_absolute_url()}?tab=history"))
    assert "narrower" in history and "2 current" in history


def test_diff_marks_words_and_folds_what_stays(client, signed_in):
    reviewer = signed_in("reviewer")
    for name in ("keep-me", "change-me"):
        patch = builders.in_review(name=name)
        review.decide(patch, by=reviewer, decision="approve")
        merge.merge(patch, by=reviewer)
    text = builders.RULE.format(name="change-me").replace("a full pool is a symptom", "a full pool hides a cause")
    changed = patches.draft(title="other words", add=patches.rules_from_text(text), by=builders.user("wanda", "expert"))
    page = client.get(f"{changed.get_absolute_url()}?tab=diff").content.decode()
    assert re.search(r"<del>.*symptom", page) and re.search(r"<ins>.*cause", page)
    assert "1 rule stays as it is" in page


def test_comment_holds_the_merge_until_it_is_resolved(client, signed_in):
    reviewer = signed_in("reviewer")
    patch = scene.patch("in_review", "fixed")
    review.decide(patch, by=reviewer, decision="approve")
    client.post(f"/patches/{patch.pk}/comment/", {"text": "What of <b>plain</b> traffic?"})
    shown = client.get(patch.get_absolute_url())
    assert "&lt;b&gt;plain&lt;/b&gt;" in shown.content.decode()
    assert "comments resolved: 1 open" in words(shown)
    number = patch.comments.get().pk
    client.post(f"/patches/{patch.pk}/comments/{number}/resolve/")
    assert "disabled" not in button(client.get(patch.get_absolute_url()), "Merge into")


def test_live_patch_polls_and_a_final_one_does_not(client, signed_in):
    signed_in("lead")
    live = scene.patch("testing", "fixed", waiting=3)
    page = client.get(f"{live.get_absolute_url()}?tab=regression").content.decode()
    assert 'id="patch-live"' in page and 'id="regression-live"' not in page
    assert "1 of 4 pairs" in page
    fragment = client.get(live.get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    ended = scene.patch("in_review", "fixed")
    assert 'id="patch-live"' not in client.get(ended.get_absolute_url()).content.decode()


def test_stopped_test_is_inconclusive_and_a_lead_may_take_it_on(client, signed_in):
    signed_in("lead", name="leo")
    patch = scene.patch("testing", "fixed", waiting=2)
    answer = client.post(f"/patches/{patch.pk}/stop/", follow=True)
    assert "The gate cannot settle it." in words(answer) and "Stopped by leo" in words(answer)
    client.post(f"/patches/{patch.pk}/take-on/", {"reason": "the rest cannot be touched"})
    patch.refresh_from_db()
    assert (patch.state, patch.taken_on_reason) == ("in_review", "the rest cannot be touched")


def test_faster_hand_is_told_in_words(client, signed_in):
    signed_in("expert")
    patch = scene.patch("draft")
    transition(Patch.objects.get(pk=patch.pk), Patch.State.PROPOSED)
    answer = client.post(f"/patches/{patch.pk}/propose/", follow=True)
    assert "this has changed meanwhile" in words(answer)


def test_version_is_taken_back_through_a_patch(client, signed_in):
    reviewer = signed_in("reviewer")
    patch = scene.patch("in_review", "fixed")
    review.decide(patch, by=reviewer, decision="approve")
    merge.merge(patch, by=reviewer)
    answer = client.post("/knowledge/1/revert/", follow=True)
    assert "Revert v1" in words(answer)
    assert (Patch.objects.first().state, Patch.objects.first().author) == ("draft", reviewer)


def test_chart_begins_before_the_first_version(client, signed_in):
    reviewer = signed_in("reviewer")
    assert '<svg class="chart"' not in client.get("/knowledge/").content.decode()
    patch = scene.patch("in_review", "fixed", "same_pass", "same_fail")
    review.decide(patch, by=reviewer, decision="approve")
    merge.merge(patch, by=reviewer)
    page = client.get("/knowledge/").content.decode()
    assert re.findall(r"<title>(v\d: .*?)</title>", page) == [
        "v0: 1 of 3 pass",
        "v1: 2 of 3 pass",
    ]


@pytest.mark.parametrize(
    ("address", "titles"),
    [
        ("?source=expert", ["from an expert"]),
        ("?words=EXPERT", ["from an expert"]),
        ("?source=nonsense", ["from an expert", "a draft"]),
        ("?words=nothing%00", []),
        ("?show=draft&sort=title", ["a draft", "from an expert"]),
    ],
)
def test_patches_are_narrowed_and_sorted_by_the_address(client, signed_in, address, titles):
    signed_in("lead")
    scene.patch("draft", title="a draft")
    Patch.objects.filter(pk=scene.patch("draft", title="from an expert").pk).update(source="expert")
    page = client.get(f"/patches/{address}").content.decode()
    assert re.findall(r'class="row-link"[^>]*>([^<]+)<', page) == titles


def test_history_shows_what_each_revision_says_differently(client, signed_in):
    expert = signed_in("expert")
    patch = scene.patch("draft")
    rule = patches.rules_from_text(builders.RULE.format(name="rule-1").replace('"pool"', '"pool|socket"'))
    patches.revise(patch, add=rule, remove=(), note="wider", by=expert)
    page = client.get(f"/patches/{patch.pk}/?tab=history").content.decode()
    assert page.index("Revision 2") < page.index("Revision 1")
    assert "<ins>|socket</ins>" in page.replace("<ins>|</ins><ins>socket</ins>", "<ins>|socket</ins>")


def test_question_on_a_patch_is_its_makers_turn_until_it_is_resolved():
    expert, reviewer = factories.make_user("expert"), factories.make_user("reviewer")
    patch = scene.patch("in_review", "fixed", by=expert)
    assert list(waiting_for(expert)) == []
    remark = comments.comment(patch, by=reviewer, text="And plain traffic?")
    assert list(waiting_for(expert)) == [patch]
    comments.resolve(remark, by=expert)
    comments.comment(patch, by=expert, text="my own remark waits for others")
    assert list(waiting_for(expert)) == []


def test_home_says_that_somebody_asked(client, signed_in):
    expert = signed_in("expert")
    patch = scene.patch("in_review", "fixed", by=expert)
    comments.comment(patch, by=factories.make_user("reviewer"), text="why?")
    assert "somebody commented on yours: answer, or edit it" in client.get("/").content.decode()


def test_knowledge_has_the_number_of_its_version_wherever_it_stands(client, signed_in):
    signed_in("reviewer")
    session = factories.make_finished_session()
    session.knowledge_digest = versions.head().value_id
    session.save(update_fields=["knowledge_digest"])
    for tab in ("rules", "raw"):
        assert '<a href="/knowledge/0/">v0</a>' in client.get(f"/sessions/{session.pk}/?tab={tab}").content.decode()
    assert "· knowledge v0" in words(client.get(f"/cases/{session.version.case_id}/?tab=sessions"))
    regression = scene.regression("fixed", patch=builders.draft())
    page = client.get(f"/regressions/{regression.pk}/").content.decode()
    assert "old knowledge " in page and '<a href="/knowledge/0/">v0</a>' in page
    assert f'no version">{regression.candidate_id[:12]}</code>' in page


def test_versions_are_asked_for_once_however_many_sessions_are_listed(client, signed_in):
    signed_in("lead")
    case = factories.make_confirmed_case()
    for many in (1, 20):
        while case.current.sessions.count() < many:
            session = factories.make_finished_session(case)
            session.knowledge_digest = versions.head().value_id
            session.save(update_fields=["knowledge_digest"])
        if many == 1:
            client.get(f"/cases/{case.pk}/?tab=sessions")
            few = queries_of(client, f"/cases/{case.pk}/?tab=sessions")
    assert queries_of(client, f"/cases/{case.pk}/?tab=sessions") == few


def test_regression_that_was_repeated_leads_to_the_newest(client, signed_in):
    signed_in("reviewer")
    patch = scene.patch("in_review", "fixed")
    earlier = scene.regression("fixed")
    assert "an earlier test" not in words(client.get(f"/regressions/{earlier.pk}/"))
    patch.verdicts.create(revision_number=1, base=versions.head(), regression=earlier, decision="refuse")
    page = words(client.get(f"/regressions/{earlier.pk}/"))
    assert f"an earlier test of patch {patch.pk} , revision 1; the newest is regression {patch.regression_id}" in page
    assert "an earlier test" not in words(client.get(f"/regressions/{patch.regression_id}/"))


def test_rules_of_a_session_say_what_was_done_instead_of_what(client, signed_in):
    signed_in("reviewer")
    session = factories.make_finished_session()
    step = session.steps.first()
    step.rules = [{"rule": "look-behind-the-pool", "how": "fired", "operator": "require", "instead_of": "conclude x"}]
    step.save(update_fields=["rules"])
    page = words(client.get(f"/sessions/{session.pk}/?tab=rules"))
    assert re.search(f"look-behind-the-pool step 1 fired {step.tool} .* conclude x", page)


def test_page_of_variants_leads_to_the_patches_that_were_tried_on_them(client, signed_in):
    signed_in("reviewer")
    patch = scene.patch("in_review", "fixed")
    patch.case = factories.make_confirmed_case()
    address = f"/cases/{patch.case.pk}/variants/"
    patch.save(update_fields=["case"])
    assert "stands with it" not in words(client.get(address, headers={"HX-Request": "true"}))
    patch.verdict["record"] |= {"variants": [{"kind": "thin", "words": "thin", "base": False, "candidate": True}]}
    patch.save(update_fields=["verdict"])
    assert f"stands with it: patch {patch.pk}" in words(client.get(address, headers={"HX-Request": "true"}))


def test_refused_patch_is_its_authors_turn_until_it_is_narrowed_or_closed(client, signed_in):
    expert = signed_in("expert")
    patch = scene.patch("refused", "regressed", by=expert)
    other = scene.patch("refused", "regressed")
    assert list(waiting_for(expert)) == [patch]
    assert "the gate refused yours: narrow it, or close it" in words(client.get("/"))
    assert "waits for its author: narrow it, or close it" in words(client.get(patch.get_absolute_url()))
    assert "waits for nobody" in words(client.get(other.get_absolute_url()))
    client.post(f"/patches/{patch.pk}/discard/")
    patch.refresh_from_db()
    assert (patch.state, list(waiting_for(expert))) == ("rejected", [])
    assert "stays readable" in words(client.get(patch.get_absolute_url()))
