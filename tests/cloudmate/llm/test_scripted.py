import pytest

from cloudmate.llm.base import Message, Reply, Timeout, Tool, ToolCall
from cloudmate.llm.scripted import Request, ScriptedLLM, ScriptEnded, calls, says

ASKED = [Message("user", "Why?")]


def test_script_is_followed_in_order_and_remembers_what_was_asked():
    llm = ScriptedLLM([says({"a": 1}), calls("t", {"x": 1}), lambda request: says(request.messages[0].content)])
    tool = Tool("t")
    assert llm.complete(ASKED).text == '{"a": 1}'
    assert llm.complete(ASKED, tools=[tool], seed=3) == Reply(
        "", (ToolCall("call_0", "t", '{"x": 1}'),), model="scripted"
    )
    assert llm.complete(ASKED).text == "Why?"
    assert llm.asked[1] == Request(tuple(ASKED), (tool,), None, 0.0, 3)


def test_script_raises_its_errors_and_says_when_it_ends():
    llm = ScriptedLLM([Timeout("late")])
    with pytest.raises(Timeout, match="late"):
        llm.complete(ASKED)
    with pytest.raises(ScriptEnded, match="no reply number 2"):
        llm.complete(ASKED)
