"""Home: what was merged and what that did, and what went stale."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases import library
from cases.models import Case
from cloudmate.counting import counts
from cloudmate.views import QUESTIONS, Merged, Stale, gone_stale, recently_merged, stale_rules
from rules import comments, merge, merge_queue, review, versions
from rules.models import KnowledgeVersion, Patch, QueueEntry
from tests import factories
from tests.rules import scene

pytestmark = pytest.mark.django_db


def merged(*outcomes: str):
    patch = scene.patch("in_review", *outcomes)
    reviewer = factories.make_user("reviewer")
    review.decide(patch, by=reviewer, decision="approve")
    return merge.merge(patch, by=reviewer)


def stale() -> list[Stale]:
    return gone_stale(*counts(factories.make_user("lead"), *QUESTIONS)[-3:])


def test_merged_version_shows_its_effect_on_the_pass_rate():
    version = merged("fixed", "same_pass", "same_fail")
    assert recently_merged() == [Merged(version, old=1, new=2, settled=3)]


def test_quarantine_that_is_over_is_stale():
    case = factories.make_confirmed_case()
    library.quarantine(case, by=factories.make_user("lead"), reason="flaky")
    assert stale() == []
    Case.objects.update(quarantined_until=timezone.now() - timedelta(minutes=1))
    assert stale() == [Stale(1, "in a quarantine that is over", "/library/?state=quarantined")]


def test_patch_in_review_on_an_older_version_is_stale():
    scene.patch("in_review", "fixed")
    assert stale() == []
    head = versions.head()
    KnowledgeVersion.objects.create(number=head.number + 1, parent=head, value=head.value)
    assert [(one.count, one.words) for one in stale()] == [(1, "in review, tested on an older version")]


def test_rule_that_asks_for_a_tool_no_system_has_is_stale(client):
    merged("fixed")  # its case's system has get_logs, and no get_slow_queries
    assert stale_rules() == [Stale(1, "rule that asks for a tool no system has", "/rules/?show=stale")]
    client.force_login(factories.make_user("lead"))
    page = client.get("/rules/?show=stale").content.decode()
    assert "stale: no system has get_slow_queries any more" in page


def test_merge_queue_shows_among_what_runs(client):
    patch, reviewer = scene.patch("in_review", "fixed"), factories.make_user("reviewer")
    review.decide(patch, by=reviewer, decision="approve")
    merge_queue.add(patch, by=reviewer)
    client.force_login(reviewer)
    assert "1 patch in the merge queue" in client.get("/running/").content.decode()


def test_what_stopped_in_the_merge_queue_is_told_for_a_week():
    patch, reviewer = scene.patch("in_review", "fixed"), factories.make_user("reviewer")
    review.decide(patch, by=reviewer, decision="approve")
    merge_queue.add(patch, by=reviewer)
    comments.comment(patch, by=reviewer, text="why?")
    merge_queue.advance()
    assert stale() == [Stale(1, "stopped in the merge queue within a week", "/patches/queue/")]
    QueueEntry.objects.update(ended_at=timezone.now() - timedelta(days=8))
    assert stale() == []


@pytest.mark.parametrize(("role", "may"), [("expert", True), ("lead", True), ("reviewer", False)])
@pytest.mark.parametrize("path", ["/cases/", "/library/"])
def test_where_there_is_no_case_the_page_says_how_one_comes_in(client, path, role, may):
    client.force_login(factories.make_user(role))
    page = client.get(path).content.decode()
    assert "manage.py starter_library" in page
    assert (
        'href="/library/import/">' in page.split('class="empty"')[1],
        'href="/lab/">' in page.split('class="empty"')[1],
    ) == (may, may)


def test_first_thing_to_do_needs_a_case(client):
    client.force_login(factories.make_user("expert"))
    assert "There is no case yet: import some" in client.get("/").content.decode()
    factories.make_case()
    assert "Open a case and run the agent on it" in client.get("/").content.decode()


def test_what_has_waited_longest_comes_first_whatever_it_is(client):
    now = timezone.now()
    long = scene.patch("in_review", "fixed", title="long")
    scene.patch("in_review", "fixed", title="short")
    case = factories.make_labelled_case(name="between")
    for rows, hours in ((Patch.objects.filter(pk=long.pk), 3), (Case.objects.filter(pk=case.pk), 2)):
        rows.update(updated_at=now - timedelta(hours=hours))
    client.force_login(factories.make_user("lead"))
    page = client.get("/").content.decode()
    at = [page.index(f">{title}</a>") for title in ("long", "between", "short")]
    assert at == sorted(at)
