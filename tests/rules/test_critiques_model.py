"""The role critic: asked where the offline critic finds nothing, and every end of it is words or a patch with evidence."""

import json

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from cases import recording
from cases.diagnosis import Answer, Cause
from cases.models import Session
from cloudmate.llm.base import Unreachable, Usage
from cloudmate.llm.openai import Endpoint
from cloudmate.llm.roles import for_role
from cloudmate.llm.scripted import ScriptedLLM, says
from rules import critiques, patches
from rules.critic.drafting import PROMPT
from rules.models import Critique, Patch
from sandbox import runs
from sandbox.knowledge.language import text_of
from sandbox.knowledge.rule import EMPTY
from tests.cloudmate.llm.server import answers, refuses, serving
from tests.factories import add_step, make_confirmed_case, make_session, make_user
from tests.rules.critic.test_model import GOOD, USELESS
from tests.rules.critic.vault import ANSWER, RECORDINGS, TASK, better

pytestmark = pytest.mark.django_db
OFFLINE = "Nothing that was seen points to vault in words that name no component"


def asked(answer=ANSWER) -> Critique:
    """A critique of the agent's failure, with an expert's session beside it."""
    case = make_confirmed_case(task=TASK, answer=answer, recordings=RECORDINGS)
    failed = runs.execute(runs.ask(case.current, knowledge=EMPTY))
    expert = make_session(case, actor=Session.Actor.EXPERT, engine="expert", by=make_user("expert"))
    for taken in RECORDINGS:
        add_step(expert, taken)
    recording.finish(expert, diagnosis=better().diagnosis, stop_reason="concluded")
    return critiques.ask(failed, expert)


def executed(critique: Critique, llm=None) -> Patch | None:
    patch = critiques.execute(critique, llm=llm)
    critique.refresh_from_db()
    assert critique.state == "done"
    assert critique.patch == patch
    return patch


def test_without_a_model_the_offline_critic_s_words_stand():
    critique = asked()
    assert executed(critique) is None
    assert (critique.engine, critique.outcome) == ("offline", OFFLINE)


def test_a_model_s_rule_that_flips_the_case_becomes_a_patch_that_says_who_wrote_it():
    critique = asked()
    reply = says({"rules": [GOOD], "why": "the lease", "advice": "Look at callees."}, usage=Usage(900, 30))
    patch = executed(critique, ScriptedLLM([reply], model="served/m"))
    assert (critique.engine, critique.outcome) == ("llm:served/m", "")
    assert (patch.state, patch.engine, patch.author, patch.source) == ("proposed", "llm:served/m", None, "expert")
    evidence = patches.current(patch).evidence
    assert evidence["model"]["prompt"] == PROMPT.digest
    assert evidence["model"]["usage"] == {"prompt": 900, "completion": 30}
    assert [len(digest) for digest in evidence["model"]["replies"]] == [64]
    assert [flip["passed"] for flip in evidence["flip_table"]][:2] == [False, True]
    assert "ADVISE" in text_of(patches.candidate_of(patch).rules[0])


def test_its_evidence_page_says_so(client):
    patch = executed(asked(), ScriptedLLM([says({"rules": [GOOD], "why": "<i>mine</i>"})], model="m"))
    client.force_login(make_user("reviewer"))
    page = client.get(reverse("rules:patch", args=[patch.pk]), {"tab": "evidence"}).content.decode()
    assert "critic (llm:m)" in page
    assert "Written by a model" in page
    assert "&lt;i&gt;mine&lt;/i&gt;" in page


def test_a_model_that_cannot_mend_it_leaves_both_reasons():
    critique = asked()
    assert executed(critique, ScriptedLLM([says({"rules": [USELESS], "why": "Approved."})], model="m")) is None
    assert critique.engine == "llm:m"
    assert critique.outcome.startswith(f"{OFFLINE}. llm:m: 1 rules of the model were replayed, and none made")
    assert not Patch.objects.exists()


def test_an_endpoint_that_fails_ends_in_words():
    critique = asked()
    executed(critique, ScriptedLLM([Unreachable("m cannot be reached")], model="m"))
    assert critique.outcome == (
        f"{OFFLINE}. llm:m: the model wrote no rule that can be tried: unreachable: m cannot be reached"
    )


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (answers(json.dumps({"rules": [GOOD]})), ""),
        (answers("approve, approve"), "schema: the reply holds no JSON object"),
        (answers('{"rules": ["RULE x"]}'), "rule 1: line 1, column 7, at the end: expected WHEN"),
        (refuses(401, "no such key"), "refused: "),
    ],
)
def test_the_model_bound_to_the_role_is_asked_over_http(settings, act, words):
    critique = asked()
    with serving(act) as server:
        settings.CLOUDMATE_LLM = {"critic": Endpoint("m1", server.url, retries=0)}
        patch = executed(critique)
        for_role("critic").close()
    assert critique.engine == "llm:m1"
    assert (patch is not None) == (not words)
    assert words in critique.outcome
    assert server.requests


@pytest.mark.django_db(transaction=True)
def test_a_model_is_asked_outside_any_transaction_and_with_the_lease_alive():
    critique = asked()

    def look(_request):
        row = Critique.objects.get()
        assert not connection.in_atomic_block
        assert row.state == "running" and row.leased_until > timezone.now()
        return says({"rules": [GOOD]})

    assert executed(critique, ScriptedLLM([look])) is not None


def test_where_the_offline_critic_finds_a_rule_no_model_is_asked():
    critique = asked(Answer(causes=(Cause("ledger", "stale_lease"),)))
    llm = ScriptedLLM([])
    patch = executed(critique, llm)
    assert (critique.engine, patch.engine, llm.asked) == ("offline", "offline", [])
    assert "model" not in patches.current(patch).evidence
