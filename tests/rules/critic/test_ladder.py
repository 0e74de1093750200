from rules.critic.ladder import choose, ladder
from rules.critic.neighbours import Library, Neighbour
from rules.critic.triggers import Trigger, measured
from rules.generalisation import Trial
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.rule import EvidenceTest


def seen(component, value, aspect=Aspect.EVENT):
    return Evidence(aspect, component, value, value, 0, "get", "pod")


class Known(Neighbour):
    @property
    def sightings(self):
        return (self.others,)


MINE = seen("loom", "taint on node is not tolerated")
SEED = Known("this", "taint_mismatch", component="loom", others=(MINE,))
SIBLING = Known("that", "taint_mismatch", component="mill", others=(seen("mill", "taint on pool is not tolerated"),))
OTHER = Known("other", "quota_exceeded", component="dye", others=(seen("dye", "request is over the quota"),))
AROUND = Library((SIBLING,), (OTHER,))
FOUND = measured(Trigger((EvidenceTest("event", "is not tolerated", "pod"),), "evidence"), SEED, AROUND)


def climb(*, flips=lambda trigger: True, problems=lambda trigger: (), variants=lambda trigger: ()):
    return ladder(FOUND, MINE, SEED, AROUND, problems=problems, flips=flips, variants=variants)


def test_ladder_goes_from_what_was_seen_to_its_bare_kind():
    assert [(rung.width, rung.trigger.tests[0].pattern, rung.siblings, rung.near_misses) for rung in climb()] == [
        ("as it was seen", "taint on node is not tolerated", 0, ()),
        ("its words, wherever they are seen", "taint on node is not tolerated", 0, ()),
        ("what its class shares", "is not tolerated", 1, ()),
        ("the fewest telling words", "tolerated", 1, ()),
        ("as few, others", "not", 1, ()),
        ("any of its kind", "", 1, ("other",)),
    ]


def test_a_rung_with_near_misses_or_problems_is_not_replayed():
    rungs = climb(problems=lambda trigger: ["too short"] if trigger.tests[0].pattern == "not" else ())
    assert [rung.flips for rung in rungs] == [True, True, True, True, None, None]


def test_the_rung_its_class_asks_for_is_chosen_and_every_other_says_why_not():
    chosen, rungs = choose(climb(), FOUND)
    assert [rung.verdict for rung in rungs] == [
        "narrower than its class",
        "narrower than its class",
        "chosen: silent on every near miss, and no wider than it is asked for",
        "wider than anything seen asks for",
        "wider than anything seen asks for",
        "too wide: fires on 1 near misses",
    ]
    assert rungs[chosen].as_dict()["tests"][0]["pattern"] == "is not tolerated"


def test_a_rung_that_does_not_flip_the_case_is_not_chosen():
    chosen, rungs = choose(climb(flips=lambda trigger: trigger.tests[0].pattern == "tolerated"), FOUND)
    assert (rungs[chosen].trigger.tests[0].pattern, rungs[2].verdict) == ("tolerated", "does not flip the case")


def test_a_rung_under_which_variants_of_the_case_break_is_left_for_one_under_which_they_hold():
    asked = []

    def variants(trigger):
        asked.append(trigger.tests[0].pattern)
        return (Trial("rename", False, trigger.tests[0].pattern == "tolerated"), Trial("swap-cause", True, True))

    chosen, rungs = choose(climb(variants=variants, flips=lambda one: one.tests[0].pattern != "not"), FOUND)
    assert rungs[chosen].trigger.tests[0].pattern == "tolerated"
    assert rungs[chosen].verdict.endswith("fewer variants are broken than under what its class shares")
    assert rungs[2].verdict == "1 of 2 variants of the case are broken under it"
    assert rungs[2].as_dict()["broken"] == ["every component has another name"]
    assert "not" not in asked and "" not in asked  # what does not flip the case is not tried further


def test_a_wider_rung_that_takes_a_right_answer_from_a_variant_is_not_chosen():
    def variants(trigger):
        return (Trial("rename", False, True), Trial("swap-cause", True, trigger.tests[0].pattern == "is not tolerated"))

    chosen, rungs = choose(climb(variants=variants), FOUND)
    assert chosen == 2
    assert rungs[3].verdict == "takes the right answer away where another is right"


def test_one_right_answer_taken_away_weighs_more_than_any_variant_left_broken():
    def variants(trigger):
        own = trigger.tests[0].pattern == "is not tolerated"
        return (Trial("rename", False, not own), Trial("shift", False, not own), Trial("swap-cause", True, own))

    assert choose(climb(variants=variants), FOUND)[0] == 2


def test_a_narrow_rung_is_chosen_where_every_other_takes_a_right_answer_away():
    def variants(trigger):
        return (Trial("rename", False, True), Trial("no-fault", True, "taint" in trigger.tests[0].pattern))

    chosen, rungs = choose(climb(variants=variants), FOUND)
    assert (chosen, rungs[chosen].width) == (1, "its words, wherever they are seen")
    assert rungs[2].verdict == "takes the right answer away where another is right"


def test_own_words_that_do_not_flip_set_no_limit():
    def variants(trigger):
        return (Trial("rename", False, False),)

    chosen, rungs = choose(climb(variants=variants, flips=lambda one: one.tests[0].pattern == "tolerated"), FOUND)
    assert rungs[chosen].trigger.tests[0].pattern == "tolerated"
