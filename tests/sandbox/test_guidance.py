"""Reverse reasoning on an expert's session: whose words, what they rest on, and what is kept."""

import json
from dataclasses import replace

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from cases import recording
from cases.transcript import Level, Observation
from cloudmate.llm.base import Timeout
from cloudmate.llm.openai import Endpoint
from cloudmate.llm.roles import for_role
from cloudmate.llm.scripted import ScriptedLLM, says
from sandbox import guidance
from sandbox.knowledge.language import parse_rule
from sandbox.models import Derivation
from tests.cloudmate.llm.server import answers, serving
from tests.factories import RECORDINGS, add_step, make_confirmed_case, make_diagnosis, make_session, make_user

pytestmark = pytest.mark.django_db
QUOTE = "slow query took 4012 ms"
DRAFT = {"rationale": "A slow query on the ledger: is it alone?", "cites": [{"step": 1, "quote": QUOTE}]}


def offered(*whys: str) -> Derivation:
    """An expert's session that took RECORDINGS' calls in turn, with these reasons."""
    session = make_session(make_confirmed_case(), actor="expert", engine="expert", by=make_user("expert"))
    for taken, why in zip(RECORDINGS, whys, strict=True):
        add_step(session, taken, thought=why)
    recording.finish(session, diagnosis=make_diagnosis(), stop_reason="concluded")
    return guidance.offer(session).derivation


def derived(derivation: Derivation, llm=None) -> list[dict]:
    guidance.derive(derivation, llm=llm)
    derivation.refresh_from_db()
    assert derivation.state == "done"
    return derivation.rationales


def test_without_a_model_the_offline_words_stand():
    derivation = offered("", "", "")
    rows = derived(derivation)
    assert derivation.engine == "offline"
    assert [(row["step"], row["replay"], row["engine"], row["problem"]) for row in rows] == [
        (number, "reproduced", "offline", "") for number in range(3)
    ]
    assert rows[0]["rationale"] == "Nothing was known yet: get_logs is a first look."
    assert rows[1]["rationale"].startswith("Step 1 showed “")
    assert rows[1]["cites"] == [0]


def test_a_model_drafts_and_says_so():
    derivation = offered("", "", "")
    llm = ScriptedLLM([says({"rationale": "A first look.", "cites": []}), says(DRAFT), says(DRAFT)], model="m")
    rows = derived(derivation, llm)
    assert derivation.engine == "llm:m"
    assert [(row["rationale"], row["cites"], row["engine"]) for row in rows] == [
        ("A first look.", [], "llm:m"),
        (DRAFT["rationale"], [0], "llm:m"),
        (DRAFT["rationale"], [0], "llm:m"),
    ]
    assert len(rows[1]["record"]["prompt"]) == 64


def test_an_expert_s_own_why_stands_and_no_model_is_asked_about_it():
    llm = ScriptedLLM([says(DRAFT)], model="m")
    derivation = offered("I start where it hurts", "", "The pods, to be sure")
    rows = derived(derivation, llm)
    assert [(row["rationale"], row["engine"]) for row in rows] == [
        ("I start where it hurts", "expert"),
        (DRAFT["rationale"], "llm:m"),
        ("The pods, to be sure", "expert"),
    ]
    assert len(llm.asked) == 1


def test_returns_that_told_nothing_are_not_called_unknown():
    session = make_session(make_confirmed_case(), actor="expert", engine="expert", by=make_user("expert"))
    for taken in (replace(RECORDINGS[0], output="ok"), RECORDINGS[1]):
        add_step(session, taken)
    recording.finish(session, diagnosis=make_diagnosis(), stop_reason="concluded")
    rows = derived(guidance.offer(session).derivation)
    asked = RECORDINGS[1].tool
    assert rows[1]["rationale"] == f"Nothing telling was read in what was asked before: {asked} looks elsewhere."


def test_what_cannot_be_used_falls_back_to_the_offline_words_and_says_so():
    derivation = offered("", "", "")
    hindsight = DRAFT | {"cites": [{"step": 3, "quote": "Running"}]}
    llm = ScriptedLLM([says("sure"), says("sure"), says(hindsight), Timeout("no answer in 9 s")], model="m")
    rows = derived(derivation, llm)
    assert derivation.engine == "offline"
    assert [(row["engine"], row["problem"]) for row in rows] == [
        ("offline", "m: schema: the reply holds no JSON object"),
        ("offline", "m: it cites step 3, and only 1 came before the call"),
        ("offline", "m: timeout: no answer in 9 s"),
    ]
    assert rows[0]["rationale"] == "Nothing was known yet: get_logs is a first look."


def test_no_prompt_holds_the_return_of_the_call_or_of_a_later_one():
    session = make_session(make_confirmed_case(), actor="expert", engine="expert", by=make_user("expert"))
    for number in range(4):
        seen = Observation(f"canary{number} in the return", level=Level.R0)
        recording.append(session, tool="get_logs", arguments={"service": f"s{number}"}, observation=seen)
    recording.finish(session, diagnosis=make_diagnosis("canary9"), stop_reason="concluded")
    llm = ScriptedLLM([says({"rationale": "To see.", "cites": []})] * 4)
    derived(guidance.offer(session).derivation, llm)
    for number, request in enumerate(llm.asked):
        told = json.dumps([message.content for message in request.messages])
        assert [f"canary{other}" in told for other in (*range(4), 9)] == [other < number for other in (*range(4), 9)]


def test_the_model_bound_to_the_role_is_asked_over_http(settings):
    derivation = offered("", "mine", "mine")
    with serving(answers(json.dumps({"rationale": "A first look.", "cites": []}))) as server:
        settings.CLOUDMATE_LLM = {"explainer": Endpoint("served/a-model", server.url, retries=0)}
        rows = derived(derivation)
        for_role("explainer").close()
    assert (derivation.engine, rows[0]["rationale"], len(server.requests)) == (
        "llm:served/a-model",
        "A first look.",
        1,
    )


@pytest.mark.django_db(transaction=True)
def test_a_model_is_asked_outside_any_transaction_and_with_the_lease_alive():
    derivation = offered("", "mine", "mine")

    def look(_request):
        row = Derivation.objects.get()
        assert not connection.in_atomic_block
        assert row.state == "running" and row.leased_until > timezone.now()
        return says({"rationale": "A first look.", "cites": []})

    assert derived(derivation, ScriptedLLM([look]))[0]["rationale"] == "A first look."


def test_the_panel_says_whose_words_they_are(client):
    derivation = offered("mine", "", "")
    derived(derivation, ScriptedLLM([says(DRAFT), Timeout("<b>late</b>")], model="m"))
    client.force_login(make_user("reviewer"))
    page = client.get(reverse("sandbox:session_panel", args=[derivation.guidance.session_id])).content.decode()
    assert "the expert&#x27;s own words" in page or "the expert's own words" in page
    assert "drafted from what was known before it (llm:m)" in page
    assert "not by the model: m: timeout: &lt;b&gt;late&lt;/b&gt;" in page


def test_a_rationale_teaches_only_what_the_agent_would_not_do_anyway():
    for row in derived(offered("", "", "")):
        assert row["kept"] == (row["hit_after"] and not row["hit_before"])
        if row["rule"]:
            assert parse_rule(row["rule"]).because == "an expert looked here next"


def test_a_person_s_edit_replaces_a_draft():
    derivation = offered("", "", "")
    derived(derivation)
    editor = make_user("expert")
    guidance.edit(derivation, step=1, rationale=" Because I say so ", by=editor)
    derivation.refresh_from_db()
    assert derivation.rationales[1]["rationale"] == "Because I say so"
    assert derivation.rationales[1]["edited_by"] == editor.get_username()
    with pytest.raises(guidance.GuidanceError, match="no rationale for step 8"):
        guidance.edit(derivation, step=7, rationale="x", by=editor)


@pytest.mark.parametrize("words", ["a\x00b", "x" * 4001])
def test_words_that_cannot_be_kept_are_refused(words):
    derivation = offered("", "", "")
    derived(derivation)
    with pytest.raises(guidance.GuidanceError, match="leave it out"):
        guidance.edit(derivation, step=1, rationale=words, by=make_user("expert"))
