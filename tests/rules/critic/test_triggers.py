from dataclasses import replace

from rules.critic.neighbours import Library, Neighbour
from rules.critic.refining import search
from rules.critic.triggers import items_of, kinship
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.rule import EvidenceTest


def seen(aspect, component, value, *, step=0, kind="pod", strength=1.0, **more):
    return Evidence(aspect, component, value, value, step, "get", kind, strength, **more)


class Known(Neighbour):
    """A neighbour whose evidence is given, not read."""

    @property
    def sightings(self):
        return (self.others,)


def known(name, fault_class, component, *evidence):
    return Known(name, fault_class, component=component, others=evidence)


PENDING = "pod status Pending"


def library(*others, siblings=(), names=()):
    return Library(siblings, others, names=names, vocabulary=("quota_exceeded", "taint_mismatch"))


def best(seed, *, failed=(), better=(), around):
    return search(seed, items_of(failed, better), around)[0]


def test_search_keeps_what_the_class_shares_and_drops_what_is_one_cases_own():
    mine = seen(Aspect.EVENT, "loom", "taint not tolerated, blue paint", step=3)
    theirs = seen(Aspect.EVENT, "mill", "taint not tolerated, red paint")
    seed = known("this", "taint_mismatch", "loom", mine)
    sibling = known("that", "taint_mismatch", "mill", theirs)
    found = best(seed, better=(mine,), around=library(siblings=(sibling,)))
    assert (found.tests, found.at, found.steps, found.siblings) == (
        (EvidenceTest("event", "taint not tolerated", "pod"),),
        "evidence",
        (3,),
        1,
    )


def test_search_adds_the_test_that_near_misses_lack():
    mine = (seen(Aspect.STATE, "loom", PENDING), seen(Aspect.CONFIG, "loom", "tolerations none"))
    other = known("other", "quota_exceeded", "dye", seen(Aspect.STATE, "dye", PENDING))
    config = known("plain", "quota_exceeded", "dye", seen(Aspect.CONFIG, "dye", "tolerations none"))
    seed = known("this", "taint_mismatch", "loom", *mine)
    found = best(seed, failed=mine, around=library(other, config))
    assert (found.near_misses, found.steps) == ((), ())
    assert {test.aspect for test in found.tests} == {"state", "config"}
    assert found.tests[1].component == "same"


def test_search_excepts_what_only_near_misses_show():
    mine = seen(Aspect.STATE, "loom", PENDING)
    other = known(
        "other",
        "quota_exceeded",
        "dye",
        seen(Aspect.STATE, "dye", PENDING),
        seen(Aspect.EVENT, "dye", "no volume left"),
    )
    seed = known("this", "taint_mismatch", "loom", mine)
    found = best(seed, failed=(mine,), around=library(other))
    assert (found.near_misses, found.unless) == (
        (),
        (EvidenceTest("event", "no volume left", "pod", component="same"),),
    )


def test_search_says_where_the_fault_is_seen_from_the_evidence():
    mine = seen(Aspect.EVENT, "loom", "requested more than the quota", namespace="weave", node="n1")
    for component, at in (("loom", "evidence"), ("weave", "namespace"), ("n1", "node")):
        seed = known("this", "quota_exceeded", component, mine)
        assert best(seed, failed=(mine,), around=library()).at == at


def test_search_speaks_no_names_and_hears_nothing_faint_or_normal():
    mine = (
        seen(Aspect.EVENT, "loom", "loom is tainted"),
        seen(Aspect.EVENT, "loom", "started late", strength=0.1),
        seen(Aspect.NORMAL, "loom", "container runs"),
    )
    seed = known("this", "taint_mismatch", "loom", *mine)
    found = search(seed, items_of(mine, ()), library(names=("loom",)))
    assert {test.pattern for trigger in found for test in trigger.tests} == {"is tainted"}


def test_search_leaves_out_what_holds_on_no_sibling():
    mine = seen(Aspect.LOG, "loom", "thread snapped")
    seed = known("this", "taint_mismatch", "loom", mine)
    sibling = known("that", "taint_mismatch", "mill", seen(Aspect.LOG, "mill", "belt slipped"))
    assert search(seed, items_of((mine,), ()), library(siblings=(sibling,))) == ()


def test_search_leaves_alone_what_an_earlier_proposal_broke():
    mine = (seen(Aspect.STATE, "loom", PENDING), seen(Aspect.EVENT, "loom", "thread snapped"))
    seed = known("this", "taint_mismatch", "loom", *mine)
    broken = replace(known("other", "quota_exceeded", "dye", seen(Aspect.STATE, "dye", PENDING)), harmed=True)
    found = search(seed, items_of(mine, ()), library(broken))
    assert found and all(trigger.near_misses == () for trigger in found)


def test_kinship_counts_the_classs_own_words_beyond_those_of_any_other():
    vocabulary = ("node_selector_mismatch", "node_affinity_mismatch")
    assert kinship("node selector is set", "node_selector_mismatch", vocabulary) == 1
    assert kinship("no match for node affinity/selector", "node_selector_mismatch", vocabulary) == 0
    assert kinship("quotas near limit", "namespace_quota_exceeded") == 1


def test_items_need_a_step_only_where_the_failed_run_did_not_see_them():
    both, new = seen(Aspect.STATE, "loom", PENDING, step=2), seen(Aspect.EVENT, "loom", "taint", step=4)
    assert [item.step for item in items_of((both,), (both, new))] == [None, 4]


def test_a_trigger_may_point_to_any_component_that_the_answer_accepts():
    mine = seen(Aspect.LOG, "vat", "too many clients", step=2)
    theirs = seen(Aspect.LOG, "tub", "too many clients")
    seed = replace(known("this", "too_many_clients", "loom", mine), accepted=("vat",))
    sibling = replace(known("that", "too_many_clients", "mill", theirs), accepted=("tub",))
    found = best(seed, better=(mine,), around=library(siblings=(sibling,)))
    assert (found.tests, found.siblings, found.misplaced) == (
        (EvidenceTest("log", "too many clients", "pod"),),
        1,
        0,
    )


def test_of_two_tests_that_silence_alike_the_one_on_trouble_is_taken():
    spoken = "disk fills"
    mine = (
        seen(Aspect.GROWTH, "loom", spoken),
        seen(Aspect.NORMAL, "loom", "setting workers of hundreds", strength=0.3),
        seen(Aspect.CONFIG, "loom", "sleeve worn through and through"),
    )
    near = known("near", "taint_mismatch", "mill", seen(Aspect.GROWTH, "mill", spoken))
    seed = known("this", "quota_exceeded", "loom", *mine)
    found = best(seed, better=mine, around=library(near))
    assert "normal" not in {test.aspect for test in found.tests}
    assert found.near_misses == ()
