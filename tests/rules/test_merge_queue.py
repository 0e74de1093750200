"""Approved patches go in one after another, each tested on what those ahead made."""

import pytest

from cases import work as evaluation_work
from cases.models import Case, Entry
from rules import comments, evolution, merge, merge_queue, patches, review, versions, work
from rules.models import KnowledgeVersion, Patch, QueueEntry
from rules.queue_contexts import queue
from rules.turn_contexts import waiting_for
from sandbox import work as sandbox_work
from sandbox.importers.store import bring_in
from sandbox.knowledge.language import parse
from tests import factories
from tests.lab import lab_case
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer():
    return builders.user("ria", "reviewer")


def rule(name: str, trigger: str, operator: str) -> str:
    return f'RULE {name}\nWHEN {trigger}\nTHEN {operator}\nBECAUSE "it was seen"\n'


def approved(reviewer, name: str, text: str = "") -> Patch:
    add = parse(text) if text else (builders.rule(name),)
    patch = builders.tested(patches.draft(title=f"add {name}", add=add, engine="offline"))
    review.decide(patch, by=reviewer, decision="approve")
    return patch


def queued(reviewer, *rules: tuple[str, str]) -> list[Patch]:
    """Patches on one base, approved and in the queue in this order."""
    made = [approved(reviewer, name, text) for name, text in rules]
    for patch in made:
        merge_queue.add(patch, by=reviewer)
    return made


def until_still() -> None:
    """What the workers do, until nothing moves: no person takes a part in it."""
    for _turn in range(50):
        if not evaluation_work.turn() + sandbox_work.turn(limit=50) + work.turn(among=Case.objects.none()):
            return
    raise AssertionError("the queue does not come to rest")


def ended(patch: Patch) -> tuple[str, str]:
    entry = QueueEntry.objects.get(patch=patch)
    return entry.state, entry.words


@pytest.fixture
def pool_case():
    """A case that the untaught agent solves: its pool is full because it is small."""
    lead = factories.make_user("lead")
    bring_in(lab_case("quayside", "connection_pool_too_small", 1), confirm_as=lead)
    return Case.objects.get()


def test_each_goes_in_tested_on_what_the_one_before_made(reviewer, pool_case):
    lock = rule("look-at-locks", 'evidence(saturation, "pool|connection")', "REQUIRE get_lock_waits() BEFORE CONCLUDE")
    push = rule("may-be-an-index", 'evidence(saturation, "pool|connection")', "IMPLY missing_index WEIGHT 2")
    first, second = queued(reviewer, ("look-at-locks", lock), ("may-be-an-index", push))
    until_still()
    assert [ended(first), ended(second)] == [("merged", ""), ("merged", "")]
    one, two = KnowledgeVersion.objects.filter(number__gt=0).order_by("number")
    assert [(one.patch, one.by), (two.patch, two.by)] == [(first, reviewer), (second, reviewer)]
    assert [version.parent.value_id for version in (one, two)] == [
        patch.regression.base_id for patch in (one.patch, two.patch)
    ]
    assert [rule.name for rule in versions.knowledge(two).rules] == ["look-at-locks", "may-be-an-index"]
    assert Entry.objects.filter(action="merged").count() == 2


def test_second_that_contradicts_the_first_is_refused_with_words(reviewer, pool_case):
    pool = 'evidence(saturation, "pool|connection")'
    first, second = queued(
        reviewer,
        ("leak-first", rule("leak-first", pool, "IMPLY missing_index WEIGHT 1")),
        ("lock-first", rule("lock-first", pool, "SYMPTOM OF missing_index")),
    )
    until_still()
    assert ended(first) == ("merged", "")
    state, words = ended(second)
    assert (state, Patch.objects.get(pk=second.pk).state) == ("stopped", "refused")
    assert words.startswith("Refused by the gate on v1: Refused before running: conflicts: rule lock-first: with leak-")
    assert versions.head().number == 1


def test_second_that_breaks_a_case_only_together_with_the_first_is_refused_by_name(reviewer, pool_case):
    pool = 'evidence(saturation, "pool|connection")'
    first, second = queued(
        reviewer,
        ("a-push", rule("a-push", pool, "IMPLY missing_index WEIGHT 2")),
        ("another-push", rule("another-push", 'evidence(saturation, "pool")', "IMPLY missing_index WEIGHT 2")),
    )
    until_still()
    assert ended(first) == ("merged", "")
    state, words = ended(second)
    assert (state, versions.head().number) == ("stopped", 1)
    assert words.startswith(f"Refused by the gate on v1: {pool_case.name} passed and no longer does: 1/1 -> 0/1")


def test_one_that_stops_holds_nobody_up(reviewer):
    first, second = queued(reviewer, ("one", ""), ("two", ""))
    comments.comment(first, by=reviewer, text="why the pool?")
    assert merge_queue.advance() == 2
    assert ended(first) == ("stopped", "1 comment open")
    assert ended(second) == ("merged", "")
    assert first.state == Patch.State.IN_REVIEW


def test_approval_taken_back_stops_it_before_it_is_tested_again(reviewer, pool_case):
    [patch] = queued(reviewer, ("one", ""))
    merge_queue.advance()
    assert Patch.objects.get().state == Patch.State.PROPOSED  # the case was confirmed after its test
    review.Review.objects.create(patch=patch, revision_number=1, decision="changes", by=reviewer)
    assert merge_queue.advance() == 1
    assert ended(patch) == ("stopped", "no approval yet")


def test_edited_patch_leaves_the_queue(reviewer):
    [patch] = queued(reviewer, ("one", ""))
    patches.revise(patch, add=(builders.rule("other"),), remove=(), by=builders.user("eve", "expert"))
    assert merge_queue.advance() == 1
    assert ended(patch) == ("stopped", "Revision 2 stands now: it wants its own approval")


def test_what_was_merged_when_a_worker_died_is_told_as_merged(reviewer):
    [patch] = queued(reviewer, ("one", ""))
    merge.merge(patch, by=reviewer)
    assert merge_queue.advance() == 1
    assert (ended(patch), versions.head().number) == (("merged", ""), 1)


def test_adder_who_is_no_reviewer_any_more_merges_nothing(reviewer):
    [patch] = queued(reviewer, ("one", ""))
    reviewer.groups.clear()
    assert merge_queue.advance() == 1
    assert ended(patch)[0] == "stopped"
    assert versions.head().number == 0


def test_only_the_first_is_tested_again_the_others_wait(reviewer, pool_case):
    first, second = queued(reviewer, ("one", ""), ("two", ""))
    work.turn(among=Case.objects.none())  # the case was confirmed, so the first one's test does not cover it
    for patch in (first, second):
        patch.refresh_from_db()
    assert (first.state, second.state) == (Patch.State.TESTING, Patch.State.IN_REVIEW)
    assert [(place.number, place.words, place.done, place.of) for place in queue(reviewer)["places"]] == [
        (1, "being tested on v0", 0, 1),
        (2, "1 ahead of it", 0, 0),
    ]


def test_taken_out_it_stays_approved(reviewer):
    [patch] = queued(reviewer, ("one", ""))
    merge_queue.take_out(patch, by=reviewer)
    entry = QueueEntry.objects.get()
    assert (entry.state, entry.ended_by, len(review.approvals(patch))) == ("taken_out", reviewer, 1)
    assert merge_queue.advance() == 0
    with pytest.raises(merge_queue.QueueError, match="does not wait"):
        merge_queue.take_out(patch, by=reviewer)
    merge_queue.add(patch, by=reviewer)  # and may come again
    assert Entry.objects.filter(subject=f"patch {patch.pk}", action__contains="merge queue").count() == 3


def test_only_what_is_approved_and_open_is_queued_and_once(reviewer):
    waiting = builders.in_review(name="unapproved")
    with pytest.raises(merge_queue.QueueError, match="no approval yet"):
        merge_queue.add(waiting, by=reviewer)
    draft = builders.draft(name="a-draft")
    with pytest.raises(merge_queue.QueueError, match="It is a draft"):
        merge_queue.add(draft, by=reviewer)
    [patch] = queued(reviewer, ("one", ""))
    with pytest.raises(merge_queue.QueueError, match="already"):
        merge_queue.add(patch, by=reviewer)
    asked = approved(reviewer, "asked")
    comments.comment(asked, by=reviewer, text="why?")
    with pytest.raises(merge_queue.QueueError, match="1 comment open"):
        merge_queue.add(asked, by=reviewer)


def test_nobody_merges_past_the_queue(reviewer):
    first, second = queued(reviewer, ("one", ""), ("two", ""))
    third = approved(reviewer, "three")
    for patch, ahead in ((second, 1), (third, 2)):
        with pytest.raises(merge.MergeError, match=f"{ahead} ahead in the merge queue"):
            merge.merge(patch, by=reviewer)
    assert evolution.approve_next(by=builders.user("leo", "lead")) is not None  # the first may
    assert Patch.objects.get(pk=first.pk).state == Patch.State.MERGED


def test_queued_patch_is_nobodys_turn(reviewer):
    patch = approved(reviewer, "one")
    assert list(waiting_for(reviewer)) == [patch]
    merge_queue.add(patch, by=reviewer)
    assert list(waiting_for(reviewer)) == []


def test_queue_page_says_who_waits_and_why_others_did_not_go_in(client, reviewer):
    stopped, waiting = queued(reviewer, ("one", ""), ("two", ""))
    comments.comment(stopped, by=reviewer, text="why?")
    client.force_login(reviewer)
    page = client.get("/patches/queue/").content.decode()
    assert "2 <span" not in page and page.count('id="place-') == 2
    assert "every 2s" in page
    merge_queue.advance()
    page = client.get("/patches/queue/").content.decode()
    assert "1 comment open" in page
    assert "knowledge v1" in page
    assert "every 2s" not in page  # nothing waits: nothing is asked again
    assert "Stopped in the merge queue" in client.get(stopped.get_absolute_url()).content.decode()
    assert waiting.title in page


def test_queue_is_joined_and_left_from_the_patch(client, reviewer):
    patch = approved(reviewer, "one")
    client.force_login(reviewer)
    client.post(f"/patches/{patch.pk}/queue/")
    page = client.get(patch.get_absolute_url()).content.decode()
    assert "Take out of the queue" in page
    assert "waits for <strong>the merge queue</strong>" in page
    client.post(f"/patches/{patch.pk}/queue/leave/")
    assert "Add to the merge queue" in client.get(patch.get_absolute_url()).content.decode()


def test_queue_asks_the_same_queries_for_1_and_20(client, reviewer, django_assert_max_num_queries):
    def asked() -> int:
        with django_assert_max_num_queries(100) as captured:
            client.get("/patches/queue/")
        return len(captured)

    client.force_login(reviewer)
    queued(reviewer, ("one", ""))
    scene.patch("testing", "fixed", waiting=1)
    client.get("/patches/queue/")
    one = asked()
    queued(reviewer, *((f"more-{number}", "") for number in range(19)))
    assert asked() == one
