"""A real model behind a real endpoint, where one is given: keeps the scripted ones honest. Asserts form, never wording.

CLOUDMATE_VERIFY_LLM_BASE_URL and CLOUDMATE_VERIFY_LLM_MODEL name it; run with ``-m verification``.
"""

import os

import pytest

from cases.transcript import Task, ToolSchema
from cloudmate.llm.ask import ask
from cloudmate.llm.base import Message, TooLong
from cloudmate.llm.openai import Endpoint, OpenAILLM
from cloudmate.llm.prompts import Prompt
from sandbox.agents.base import Budget
from sandbox.agents.llm import LLMAgent
from sandbox.agents.loop import run
from sandbox.environment.base import Recording
from sandbox.environment.replay import Replay

pytestmark = pytest.mark.verification

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"enum": ["yes", "no"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
STOPS = {"concluded", "max_steps", "deadline", "tokens", "loop", "error"}


@pytest.fixture
def llm():
    url, model = (os.environ.get(f"CLOUDMATE_VERIFY_LLM_{name}", "") for name in ("BASE_URL", "MODEL"))
    if not (url and model):
        pytest.skip("no model to verify with: set CLOUDMATE_VERIFY_LLM_BASE_URL and CLOUDMATE_VERIFY_LLM_MODEL")
    return OpenAILLM(
        Endpoint(model, url, os.environ.get("CLOUDMATE_VERIFY_LLM_API_KEY", ""), timeout=60, max_tokens=300)
    )


def test_real_model_answers_in_the_form_asked_for(llm):
    prompt = Prompt("Is {{colour}} a colour? Answer yes or no.").fill(colour="red")
    asked = ask(llm, prompt=prompt, schema=SCHEMA, max_tokens=200)
    assert asked.unscored_reason == ""
    assert asked.value["answer"] in ("yes", "no")
    assert asked.usage.total > 0


def test_real_model_overflowing_its_context_is_named(llm):
    with pytest.raises(TooLong):
        llm.complete([Message("user", "word " * 400_000)], max_tokens=5)


def test_real_model_ends_a_run_with_a_stop_reason(llm):
    logs = ToolSchema("get_logs", "Read a pod's logs.", {"type": "object", "properties": {"pod": {"type": "string"}}})
    task = Task(
        "Checkout is slow. Pod db-0 serves its data.", tools=(logs,), fault_classes=("missing_index", "traffic")
    )
    recordings = [Recording("get_logs", {}, "slow query: full scan on orders took 4.1 s", match="any")]
    transcript = run(LLMAgent(llm), task, Replay(task.tools, recordings), budget=Budget(steps=3, seconds=60))
    assert transcript.stop_reason in STOPS
    assert transcript.tokens > 0
