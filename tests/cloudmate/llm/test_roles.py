import pytest

from cloudmate import env
from cloudmate.env import EnvError
from cloudmate.llm.openai import Endpoint, OpenAILLM
from cloudmate.llm.roles import for_role, read


@pytest.fixture
def variables(monkeypatch):
    import os

    for name in list(os.environ):
        if name.startswith("CLOUDMATE_LLM"):
            monkeypatch.delenv(name)

    def give(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"CLOUDMATE_LLM_{name}", value)
        return read(env)

    return give


def test_nothing_set_binds_no_role(variables):
    assert variables() == {}


def test_one_model_serves_every_role(variables):
    endpoint = Endpoint("m1", "http://127.0.0.1:1/v1", "k1", 120, 3)
    assert variables(MODEL="m1", BASE_URL="http://127.0.0.1:1/v1", API_KEY="k1") == {
        "agent": endpoint,
        "judge": endpoint,
        "critic": endpoint,
        "explainer": endpoint,
    }


def test_role_may_have_its_own_model_at_the_shared_endpoint(variables):
    bound = variables(MODEL="m1", BASE_URL="http://h/v1", API_KEY="k1", JUDGE_MODEL="big", TIMEOUT="9", RETRIES="0")
    assert bound["judge"] == Endpoint("big", "http://h/v1", "k1", 9, 0)
    assert bound["agent"] == Endpoint("m1", "http://h/v1", "k1", 9, 0)


def test_role_at_another_endpoint_never_gets_the_shared_key(variables):
    bound = variables(MODEL="m1", API_KEY="k1", JUDGE_BASE_URL="http://other/v1")
    assert bound["judge"] == Endpoint("m1", "http://other/v1", "", 120, 3)


def test_only_one_role_may_be_bound(variables):
    assert set(variables(BASE_URL="http://h/v1", JUDGE_MODEL="big")) == {"judge"}


def test_more_endpoints_can_be_named(variables):
    bound = variables(MODEL="m1", MORE="fast", FAST_MODEL="tiny", FAST_BASE_URL="http://fast/v1")
    assert bound["fast"] == Endpoint("tiny", "http://fast/v1", "", 120, 3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"BASE_URL": "http://h/v1"}, "CLOUDMATE_LLM_MODEL is empty: name the model to use"),
        ({"JUDGE_API_KEY": "k"}, "CLOUDMATE_LLM_JUDGE_MODEL is empty: name the model that judge shall use"),
        ({"MODEL": "m", "BASE_URL": "h:1"}, "CLOUDMATE_LLM_BASE_URL='h:1': write a URL that begins with http"),
        ({"MODEL": "m", "BASE_URL": "http:///v1"}, "CLOUDMATE_LLM_BASE_URL='http:///v1': write a URL"),
        ({"MODEL": "m", "API_KEY": "ключ"}, "CLOUDMATE_LLM_API_KEY holds a character that no HTTP header can"),
        ({"MODEL": "m", "TIMEOUT": "0"}, "CLOUDMATE_LLM_TIMEOUT='0': write 1 or more"),
    ],
)
def test_setting_that_cannot_be_used_is_named(variables, values, words):
    with pytest.raises(EnvError, match=words):
        variables(**values)


def test_role_gets_its_model_and_keeps_what_was_found_out_about_it(settings):
    settings.CLOUDMATE_LLM = {"agent": Endpoint("m1", "http://h/v1"), "fast": Endpoint("tiny", "http://f/v1")}
    llm = for_role("agent")
    assert isinstance(llm, OpenAILLM)
    assert for_role("agent") is llm
    assert for_role("judge") is None
    assert for_role("agent", model="fast").endpoint == Endpoint("tiny", "http://f/v1")
    assert for_role("agent", model="m2").endpoint == Endpoint("m2", "http://h/v1")


def test_unknown_role_names_the_roles(settings):
    settings.CLOUDMATE_LLM = {}
    with pytest.raises(ValueError, match="the roles are agent, judge, critic, explainer"):
        for_role("jugde")


def test_key_is_in_no_repr():
    assert "sk-1" not in repr(Endpoint("m", "http://h/v1", "sk-1"))
