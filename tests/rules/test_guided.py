"""What an expert's guidance teaches becomes a patch like any other."""

import pytest

from cases import recording
from rules import guided, patches
from rules.models import Patch
from sandbox import guidance
from sandbox.models import Derivation
from tests import factories

pytestmark = pytest.mark.django_db
RULE = """RULE guided-2-get-locks
WHEN evidence(saturation, "pool.*limit")
THEN PREFER get_lock_waits(service = $component) WEIGHT 4
BECAUSE "an expert looked here next"
"""
NAMES_ITS_CASE = RULE.replace("$component", '"ledger"')


def derivation(*rules: str, state: str = "done") -> Derivation:
    """An expert's session whose kept rationales compile to these rules."""
    case = factories.make_confirmed_case()
    session = factories.make_session(case, actor="expert", engine="expert", by=factories.make_user("expert"))
    for taken in factories.RECORDINGS:
        factories.add_step(session, taken)
    recording.finish(session, diagnosis=factories.make_diagnosis(), stop_reason="concluded")
    made = guidance.offer(session).derivation
    made.rationales = [{"step": number, "kept": True, "rule": rule} for number, rule in enumerate(rules)]
    made.rationales.append({"step": len(rules), "kept": False, "rule": RULE.replace("locks", "other")})
    made.state = state
    made.save(update_fields=["rationales", "state"])
    return made


def test_kept_calls_become_a_proposed_patch_of_the_person_who_asked():
    taught = derivation(RULE)
    by = factories.make_user("expert")
    patch = guided.teach(taught, by=by)
    assert (patch.state, patch.author, patch.source, patch.better) == (
        Patch.State.PROPOSED,
        by,
        "expert",
        taught.guidance.session,
    )
    (rule,) = patches.candidate_of(patch).rules
    assert rule.name.startswith("guided-get-lock-waits-")
    assert rule.then[0].arguments == {"service": "$component"}


def test_rule_that_names_its_case_is_not_taught():
    with pytest.raises(patches.PatchError, match="Nothing to teach"):
        guided.teach(derivation(NAMES_ITS_CASE), by=factories.make_user("expert"))
    assert not Patch.objects.exists()


def test_nothing_is_taught_before_the_steps_are_explained():
    with pytest.raises(patches.PatchError, match="still being explained"):
        guided.teach(derivation(RULE, state="queued"), by=factories.make_user("expert"))


def test_what_several_sessions_teach_alike_is_one_rule_and_comes_first():
    other = RULE.replace("get_lock_waits", "get_slow_queries")
    both = [derivation(RULE, other), derivation(RULE)]
    assert [rule.then[0].tool for rule in guided.rules_of(both)] == ["get_lock_waits", "get_slow_queries"]
    assert [rule.then[0].tool for rule in guided.rules_of(both, least=2)] == ["get_lock_waits"]


def test_expert_teaches_from_the_session_page(client):
    taught = derivation(RULE)
    client.force_login(factories.make_user("expert"))
    session = taught.guidance.session
    panel = client.get(f"/panels/sessions/{session.pk}/sandbox/").content.decode()
    assert "this call" in panel
    client.post(f"/sessions/{session.pk}/teach/")
    assert Patch.objects.get().state == Patch.State.PROPOSED
    assert client.post(f"/sessions/{factories.make_finished_session().pk}/teach/").status_code == 404
