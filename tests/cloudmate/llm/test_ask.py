"""A question with a form is answered in that form, or counts as unscored."""

import json

import pytest

from cloudmate.llm.ask import Asked, ask
from cloudmate.llm.base import Malformed, RateLimited, Timeout, Truncated, Usage
from cloudmate.llm.prompts import Prompt
from cloudmate.llm.scripted import ScriptedLLM, says
from tests.cloudmate.llm.server import answers, late, picky, serving

PROMPT = Prompt("Is it {{what}}?", "is.md")
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"enum": ["yes", "no"]}},
    "required": ["answer"],
    "additionalProperties": False,
}


def asked(*script, **options):
    llm = ScriptedLLM(script)
    return ask(llm, prompt=PROMPT.fill(what="so"), schema=SCHEMA, **options), llm


def test_ask_gives_a_value_of_the_form():
    result, llm = asked(says({"answer": "yes"}, usage=Usage(4, 2)), system="Judge.")
    assert result == Asked(
        value={"answer": "yes"},
        unscored_reason="",
        raw_prompt=json.dumps([{"role": "system", "content": "Judge."}, {"role": "user", "content": "Is it so?"}]),
        raw_reply='{"answer": "yes"}',
        usage=Usage(4, 2),
        digest=PROMPT.digest,
        model="scripted",
    )
    assert llm.asked[0].schema == SCHEMA


def test_ask_mends_a_bad_reply_once_and_counts_both():
    result, llm = asked(says("Yes, surely.", usage=Usage(4, 2)), says({"answer": "yes"}, usage=Usage(9, 1)))
    assert (result.value, result.repaired, result.usage) == ({"answer": "yes"}, True, Usage(13, 3))
    assert llm.asked[1].messages[-2].content == "Yes, surely."
    assert "the reply holds no JSON object" in llm.asked[1].messages[-1].content


def test_ask_names_the_field_that_is_wrong_when_it_asks_again():
    _, llm = asked(says({"answer": "maybe"}), says({"answer": "no"}))
    assert "$.answer: 'maybe' is not one of ['yes', 'no']" in llm.asked[1].messages[-1].content


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ([says("no JSON"), says("still none")], "schema: the reply holds no JSON object"),
        ([says({"answer": 1}), says({"answer": 2})], "schema: $.answer: 2 is not one of ['yes', 'no']"),
        ([Timeout("m gave no answer")], "timeout: m gave no answer"),
        ([RateLimited("m is busy")], "rate_limited: m is busy"),
        ([says("x"), Malformed("m answered noise")], "malformed: m answered noise"),
        ([Truncated("m was cut", partial="{"), Truncated("m was cut")], "truncated: m was cut"),
        ([], "script_ended: the script has no reply number 1"),
    ],
)
def test_ask_is_unscored_with_the_reason(script, reason):
    result, _ = asked(*script)
    assert (result.value, result.unscored_reason) == (None, reason)


def test_ask_without_repair_asks_once():
    result, llm = asked(says("nothing"), says({"answer": "yes"}), repair=False)
    assert (result.value, len(llm.asked)) == (None, 1)


def test_truncated_reply_is_mended_and_its_tokens_are_counted():
    result, _ = asked(Truncated("cut", partial='{"ans', usage=Usage(1, 1)), says({"answer": "no"}, usage=Usage(2, 2)))
    assert (result.value, result.usage) == ({"answer": "no"}, Usage(3, 3))


def test_ask_over_http_through_an_endpoint_without_structured_output():
    fenced = 'I think:\n```json\n{"answer": "no"}\n```'
    with serving(picky("response_format", then=answers(fenced))) as server:
        result = ask(server.llm(model="m"), prompt=PROMPT.fill(what="so"), schema=SCHEMA)
    assert (result.value, result.model) == ({"answer": "no"}, "served-model")


def test_ask_over_http_is_unscored_when_the_endpoint_is_late():
    with serving(late(5, answers("{}"))) as server:
        result = ask(server.llm(model="m"), prompt=PROMPT.fill(what="so"), schema=SCHEMA, timeout=0.2)
    assert result.value is None
    assert result.unscored_reason.startswith("timeout: model m gave no answer")
