"""The client against real HTTP: every way an endpoint can behave ends in a reply or a named error."""

import json
import subprocess
import sys
import time

import pytest

from cloudmate.llm.base import (
    LLMError,
    Malformed,
    Message,
    RateLimited,
    Refused,
    Reply,
    Timeout,
    Tool,
    ToolCall,
    TooLong,
    Truncated,
    Unreachable,
    Usage,
)
from cloudmate.llm.openai import Endpoint, OpenAILLM
from tests.cloudmate.llm.network import OutgoingConnection
from tests.cloudmate.llm.server import answers, cut_off, dribbles, drops, late, picky, raw, refuses, serving

ASKED = [Message("system", "Be brief."), Message("user", "Why?")]
LOGS = Tool("get_logs", "Read logs.", {"type": "object", "properties": {"pod": {"type": "string"}}})
SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
KEY = "sk-very-secret-0123456789"


def llm_at(server, **options):
    pauses = []
    return server.llm(key=KEY, pauses=pauses, **options), pauses


def test_reply_carries_text_usage_and_the_model_that_served():
    with serving(answers("Because.")) as server:
        reply = llm_at(server)[0].complete(ASKED, temperature=0.5, seed=7, max_tokens=100)
    assert reply == Reply("Because.", (), Usage(10, 5), "served-model", "tools/json_schema")
    assert server.requests == [
        {
            "model": "m1",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
            "temperature": 0.5,
            "seed": 7,
            "max_tokens": 100,
        }
    ]
    assert server.paths == ["/v1/chat/completions"]
    assert server.authorizations == [f"Bearer {KEY}"]


def test_tool_call_comes_back_as_the_model_wrote_it():
    with serving(answers(None, ("get_logs", '{"pod": "a"'))) as server:
        reply = llm_at(server)[0].complete(ASKED, tools=[LOGS])
    assert reply.calls == (ToolCall("call_0", "get_logs", '{"pod": "a"'),)
    assert server.requests[0]["tools"][0]["function"]["name"] == "get_logs"
    assert server.requests[0]["tool_choice"] == "required"


def test_conversation_with_tool_results_is_sent_in_the_native_form():
    call = ToolCall("c1", "get_logs", "{}")
    talk = [*ASKED, Message("assistant", "", (call,)), Message("tool", "line", call_id="c1")]
    with serving(answers("done")) as server:
        llm_at(server)[0].complete(talk, tools=[LOGS])
    assert server.requests[0]["messages"][2:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get_logs", "arguments": "{}"}}],
        },
        {"role": "tool", "content": "line", "tool_call_id": "c1"},
    ]


def test_endpoint_without_tools_is_asked_through_a_schema_and_remembered():
    spelled = json.dumps({"tool": "get_logs", "arguments": {"pod": "a"}})
    with serving(picky("tool_choice", "tools", then=answers(spelled))) as server:
        llm, _ = llm_at(server)
        first = llm.complete(ASKED, tools=[LOGS])
        second = llm.complete(ASKED, tools=[LOGS])
    assert first.calls == second.calls == (ToolCall("call_0", "get_logs", '{"pod": "a"}'),)
    assert first.how == "no_tools/json_schema"
    assert len(server.requests) == 4  # two discoveries, then one request each
    assert server.requests[-1]["response_format"]["json_schema"]["schema"]["anyOf"][0]["properties"]["tool"] == {
        "const": "get_logs"
    }
    assert "get_logs" in server.requests[-1]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("features", "how"),
    [
        (["response_format=json_schema"], "tools/json_object"),
        (["response_format"], "tools/text"),
    ],
)
def test_endpoint_without_structured_output_is_asked_in_a_simpler_way(features, how):
    with serving(picky(*features, then=answers('{"ok": true}'))) as server:
        reply = llm_at(server)[0].complete(ASKED, schema=SCHEMA)
    assert (reply.text, reply.how) == ('{"ok": true}', how)
    assert "JSON Schema" in server.requests[-1]["messages"][0]["content"]


def test_endpoint_that_refuses_without_saying_why_is_asked_down_to_plain_text():
    everything = ("tool_choice", "tools", "response_format", "temperature", "seed")
    spelled = 'I will look.\n```json\n{"tool": "get_logs", "arguments": {}}\n```'
    with serving(picky(*everything, then=answers(spelled), words="no")) as server:
        reply = llm_at(server)[0].complete(ASKED, tools=[LOGS], seed=1)
    assert reply.calls == (ToolCall("call_0", "get_logs", "{}"),)
    assert set(server.requests[-1]) == {"model", "messages", "max_tokens"}


def test_conversation_is_spelled_out_for_an_endpoint_without_tools():
    call = ToolCall("c1", "get_logs", '{"pod": "a"}')
    talk = [*ASKED, Message("assistant", "Look.", (call,)), Message("tool", "line", call_id="c1")]
    with serving(picky("tools", then=answers('{"tool": "get_logs", "arguments": {}}'))) as server:
        llm_at(server)[0].complete(talk, tools=[LOGS])
    assert server.requests[-1]["messages"][2:] == [
        {"role": "assistant", "content": 'Look.\n{"tool": "get_logs", "arguments": {"pod": "a"}}'},
        {"role": "user", "content": "The tool returned:\nline"},
    ]


def test_refused_small_parameter_is_left_out():
    with serving(picky("temperature", "max_tokens", then=answers("ok"))) as server:
        llm_at(server)[0].complete(ASKED, max_tokens=9)
    assert {key: server.requests[-1][key] for key in server.requests[-1] if key != "messages"} == {
        "model": "m1",
        "max_completion_tokens": 9,
    }


def test_server_error_that_blames_tools_leads_to_a_simpler_dialect_at_once():
    blames = refuses(500, "tools param requires --jinja flag")
    with serving(blames, answers('{"tool": "get_logs", "arguments": {}}')) as server:
        llm, pauses = llm_at(server)
        reply = llm.complete(ASKED, tools=[LOGS])
    assert reply.calls[0].name == "get_logs"
    assert pauses == []


def test_endpoint_that_drops_tools_silently_is_told_them_in_words_after_two_replies():
    with serving(
        answers("Hello."), answers("Hello again."), answers('{"tool": "get_logs", "arguments": {}}')
    ) as server:
        llm, _ = llm_at(server)
        replies = [llm.complete(ASKED, tools=[LOGS]) for _ in range(3)]
    assert [len(reply.calls) for reply in replies] == [0, 0, 1]
    assert ["tools" in request for request in server.requests] == [True, True, False]


def test_endpoint_that_talks_past_its_limit_instead_of_calling_is_told_the_tools_too():
    talks = answers("Once upon a time", finish="length")
    with serving(talks, talks, answers('{"tool": "get_logs", "arguments": {}}')) as server:
        llm, _ = llm_at(server)
        for _ in range(2):
            with pytest.raises(Truncated):
                llm.complete(ASKED, tools=[LOGS])
        assert llm.complete(ASKED, tools=[LOGS]).calls[0].name == "get_logs"


def test_words_after_a_real_tool_call_do_not_change_the_dialect():
    with serving(answers(None, ("get_logs", {})), answers("a"), answers("b"), answers("c")) as server:
        llm, _ = llm_at(server)
        for _ in range(4):
            llm.complete(ASKED, tools=[LOGS])
    assert all("tools" in request for request in server.requests)


def test_unauthorized_is_refused_at_once_and_never_shows_the_key():
    with serving(refuses(401, f"Incorrect API key provided: {KEY}")) as server:
        llm, pauses = llm_at(server)
        with pytest.raises(Refused) as refused:
            llm.complete(ASKED, tools=[LOGS])
    assert "Incorrect API key provided: [key]" in str(refused.value)
    assert (refused.value.status, len(server.requests), pauses) == (401, 1, [])
    assert KEY not in repr(llm.endpoint)


def test_context_overflow_is_named_and_changes_no_dialect():
    with serving(refuses(400, "the request exceeds the available context size")) as server:
        llm, _ = llm_at(server)
        with pytest.raises(TooLong):
            llm.complete(ASKED, tools=[LOGS])
    assert len(server.requests) == 1
    assert llm.dialect.native_tools


def test_refusal_of_the_request_itself_keeps_the_dialect():
    with serving(refuses(400, "no such model")) as server:
        llm, _ = llm_at(server)
        with pytest.raises(Refused, match="no such model"):
            llm.complete(ASKED, tools=[LOGS])
    assert llm.dialect.native_tools


def test_rate_limit_is_waited_out_as_long_as_the_endpoint_says():
    with serving(refuses(429, "slow down", retry_after="3"), answers("ok")) as server:
        llm, pauses = llm_at(server)
        assert llm.complete(ASKED).text == "ok"
    assert pauses == [3.0]


def test_rate_limit_that_stays_is_named_after_bounded_retries():
    with serving(refuses(429, "slow down")) as server:
        llm, pauses = llm_at(server, retries=2)
        with pytest.raises(RateLimited, match="slow down"):
            llm.complete(ASKED)
    assert (len(server.requests), len(pauses)) == (3, 2)


def test_pauses_grow_and_a_server_error_passes():
    with serving(refuses(500, "oops"), refuses(503, "busy"), answers("ok")) as server:
        llm, pauses = llm_at(server)
        assert llm.complete(ASKED).text == "ok"
    assert 0.3 < pauses[0] < 0.7 < pauses[1] < 1.3


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (refuses(500, "oops"), Unreachable),
        (drops(), Unreachable),
        (cut_off(), Unreachable),
        (raw(b"<html>busy</html>"), Malformed),
        (raw(b"[]"), Malformed),
        (raw(b'{"choices": [{"mess'), Malformed),
        (raw(b'{"choices": []}'), Malformed),
        (raw(b'{"choices": [{"message": {"content": 5}}]}'), Malformed),
        (raw(b'{"choices": [{"message": {"tool_calls": [{"id": 1}]}}]}'), Malformed),
        (raw(b'{"error": "no"}', status=404), Refused),
        (raw(b"gone", status=410), Refused),
        (refuses(408, "request timeout"), Refused),
        (answers("half an ans", finish="length"), Truncated),
    ],
)
def test_bad_answer_ends_in_a_named_error(act, error):
    with serving(act) as server:
        llm, _ = llm_at(server, retries=1)
        with pytest.raises(error) as raised:
            llm.complete(ASKED)
    assert isinstance(raised.value, LLMError)
    assert "m1" in str(raised.value)


def test_truncated_reply_keeps_what_came_and_what_it_cost():
    with serving(answers("half an ans", finish="length", usage=(3, 4))) as server, pytest.raises(Truncated) as cut:
        llm_at(server)[0].complete(ASKED)
    assert (cut.value.partial, cut.value.usage) == ("half an ans", Usage(3, 4))


def test_broken_connection_is_tried_again():
    with serving(drops(), cut_off(), raw(b"nonsense"), answers("ok")) as server:
        assert llm_at(server)[0].complete(ASKED).text == "ok"


def test_late_answer_is_a_timeout_within_the_time_given():
    with serving(late(5, answers("too late"))) as server:
        began = time.monotonic()
        with pytest.raises(Timeout):
            llm_at(server)[0].complete(ASKED, timeout=0.3)
    assert time.monotonic() - began < 4


def test_answer_that_never_ends_is_a_timeout():
    with serving(dribbles(0.05)) as server:
        began = time.monotonic()
        with pytest.raises(Timeout):
            llm_at(server)[0].complete(ASKED, timeout=0.4)
    assert time.monotonic() - began < 10


def test_waiting_to_retry_never_outlasts_the_time_given():
    with serving(refuses(429, "slow down", retry_after="60")) as server:
        llm, pauses = llm_at(server)
        with pytest.raises(RateLimited):
            llm.complete(ASKED, timeout=5)
    assert pauses == []


def test_nobody_listening_is_unreachable():
    with serving(answers("x")) as server:
        url = server.url
    llm = OpenAILLM(Endpoint("m1", url, retries=0))
    with pytest.raises(Unreachable):
        llm.complete(ASKED)


def test_reply_in_parts_loses_nothing_but_nul():
    parts = [{"type": "text", "text": "a\x00b"}, {"type": "text", "text": "c"}]
    body = json.dumps({"choices": [{"message": {"content": parts}}], "usage": {"prompt_tokens": None}}).encode()
    with serving(raw(body)) as server:
        assert llm_at(server)[0].complete(ASKED) == Reply("abc", (), Usage(), "m1", "tools/json_schema")


def test_real_outgoing_call_raises_in_a_test():
    llm = OpenAILLM(Endpoint("m1", "http://192.0.2.1/v1", retries=0))
    with pytest.raises(OutgoingConnection, match=r"may not reach '192\.0\.2\.1'"):
        llm.complete(ASKED, timeout=1)


def test_text_that_no_encoding_holds_is_sent_without_it():
    with serving(answers("ok")) as server:
        llm_at(server)[0].complete([Message("user", "a\ud800b")])
    assert server.requests[0]["messages"] == [{"role": "user", "content": "a?b"}]


def test_openai_sdk_is_not_loaded_before_the_first_call():
    code = "import sys, cloudmate.llm.openai, cloudmate.llm.ask; sys.exit('openai' in sys.modules or 'jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_endpoint_that_takes_no_token_limit_gets_none():
    with serving(picky("max_tokens", "max_completion_tokens", then=answers("ok"))) as server:
        llm, _ = llm_at(server, max_tokens=99)
        assert llm.complete(ASKED).text == "ok"
    assert [request.get("max_tokens", request.get("max_completion_tokens")) for request in server.requests] == [
        99,
        99,
        None,
    ]
    assert "temperature" in server.requests[-1]


def test_closed_model_opens_its_connections_again():
    with serving(answers("ok")) as server:
        llm, _ = llm_at(server)
        llm.complete(ASKED)
        llm.close()
        llm.close()
        assert llm.complete(ASKED).text == "ok"
