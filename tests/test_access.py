"""Every address of the project, walked by those who may not: no address answers with more than they may see or do."""

import re

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from cases import intake, tokens
from cases.access import ROLES
from rules.models import KnowledgeVersion, Patch, PatchComment
from tests import factories
from tests.addresses import one_of_everything, routes

pytestmark = pytest.mark.django_db

# anybody signed in, whatever the role: one's own account
OWN = {"login", "logout", "password_change", "password_change_done"}
READS = {
    "home",
    "running",
    "search",
    "rules:policy",
    "cases:cases",
    "cases:case",
    "cases:versions",
    "cases:library",
    "cases:duplicates",
    "cases:agreement",
    "cases:quadrants",
    "cases:session",
    "cases:steps",
    "cases:piece",
    "cases:raw",
    "sandbox:regression",
    "sandbox:export",
    "sandbox:export_library",
    "sandbox:compare",
    "sandbox:exploration",
    "sandbox:case_panel",
    "sandbox:held_back",
    "sandbox:health",
    "sandbox:snapshot",
    "sandbox:session_panel",
    "sandbox:lab",
    "rules:patches",
    "rules:patch",
    "rules:queue",
    "rules:lineage",
    "rules:variants",
    "rules:versions",
    "rules:version",
    "rules:rules",
    "rules:words",
    "rules:insight",
    "rules:export_rules",
}
MAKERS = {"expert", "reviewer", "lead"}
RECORDERS = {"expert", "lead"}
DECIDERS = {"reviewer", "lead"}
WRITES = {
    "cases:clean": RECORDERS,
    "cases:label": RECORDERS,
    "cases:label_alone": RECORDERS,
    "cases:take_label": RECORDERS,
    "cases:leave_label": RECORDERS,
    "cases:set_aside": {"lead"},
    "cases:confirm": RECORDERS,
    "cases:quarantine": {"lead"},
    "cases:restore": {"lead"},
    "cases:retire": {"lead"},
    "cases:in_bulk": {"lead"},
    "cases:undo": {"lead"},
    "cases:log": {"lead", "admin"},
    "cases:redaction": {"lead", "admin"},
    "cases:tools": {"lead", "admin"},
    "cases:retire_redaction": {"lead", "admin"},
    "rules:run_agents": {"lead"},
    "cases:tokens": {"admin"},
    "models": {"admin"},
    "try_model": {"admin"},
    "people": {"admin"},
    "change_person": {"admin"},
    "cases:revoke_token": {"admin"},
    "cases:annotate": MAKERS,
    "cases:judge_hypothesis": RECORDERS,
    "cases:bear": RECORDERS,
    "cases:propose": RECORDERS,
    "cases:review_score": MAKERS,
    "cases:review": MAKERS,
    "cases:undo_review": MAKERS,
    "cases:answer_review": MAKERS,
    "cases:decide_review": MAKERS,
    "cases:thresholds": {"lead"},
    "cases:workspace": RECORDERS,
    "cases:step": RECORDERS,
    "cases:clock": RECORDERS,
    "cases:finish": RECORDERS,
    "cases:check_diagnosis": RECORDERS,
    "sandbox:import_cases": RECORDERS,
    "sandbox:record": RECORDERS,
    "sandbox:settle_miss": RECORDERS,
    "sandbox:console": RECORDERS,
    "sandbox:console_run": RECORDERS,
    "sandbox:console_complete": RECORDERS,
    "sandbox:terminal": RECORDERS,
    "sandbox:stop_exploration": MAKERS,
    "sandbox:prune": MAKERS,
    "sandbox:boost": MAKERS,
    "sandbox:inject": MAKERS,
    "sandbox:more_branches": MAKERS,
    "sandbox:resume_exploration": MAKERS,
    "sandbox:edit_rationale": MAKERS,
    "sandbox:begin_incident": RECORDERS,
    "sandbox:incident": RECORDERS,
    "sandbox:incident_clock": RECORDERS,
    "sandbox:conclude_incident": RECORDERS,
    "sandbox:give_up_incident": RECORDERS,
    "sandbox:propose_incident": RECORDERS,
    "rules:new_patch": MAKERS,
    "rules:edit_patch": MAKERS,
    "rules:propose": MAKERS,
    "rules:decide": DECIDERS,
    "rules:merge": DECIDERS,
    "rules:join_queue": DECIDERS,
    "rules:leave_queue": DECIDERS,
    "rules:run_again": MAKERS,
    "rules:stop": MAKERS,
    "rules:discard": MAKERS,
    "rules:take_on": {"lead"},
    "rules:comment": MAKERS,
    "rules:check": MAKERS,
    "rules:try_without": MAKERS,
    "rules:preview": MAKERS,
    "rules:resolve": MAKERS,
    "rules:reopen": MAKERS,
    "rules:withdraw": MAKERS,
    "rules:send_comments": MAKERS,
    "rules:revert": DECIDERS,
    "rules:run_agent": MAKERS,
    "rules:try_variants": MAKERS,
    "rules:explore": MAKERS,
    "rules:critique": MAKERS,
    "rules:teach": MAKERS,
}
# agents with a token, and nobody else
AGENTS = {
    "api_alerts",
    "api_sessions",
    "api_session",
    "api_steps",
    "api_finish",
    "api_task",
    "api_knowledge",
    "api_nothing",
}
SENT = {"reason": "x", "decision": "approve", "text": "x", "words": "x", "title": "x", "better": "1", "name": "x"}


@pytest.fixture
def world():
    return one_of_everything()


def signed_in(*roles: str) -> Client:
    client = Client()
    client.force_login(factories.make_user(*roles))
    return client


def both(client: Client, address: str) -> list:
    return [client.get(address), client.post(address, SENT)]


def to_sign_in(answer) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith("/accounts/login/?next=")


def shut(answer) -> bool:
    """Nothing seen and nothing done: forbidden, absent, not that way; or sent back with the role it takes."""
    if answer.status_code in (403, 404, 405):
        return True
    said = " ".join(map(str, get_messages(answer.wsgi_request)))
    return answer.status_code == 302 and "This is for the role" in said


def rows() -> tuple:
    return (
        Patch.objects.count(),
        sorted(Patch.objects.values_list("state", flat=True)),
        KnowledgeVersion.objects.count(),
        PatchComment.objects.filter(resolved_at=None).count(),
    )


def test_every_address_is_in_one_list_that_says_who_may():
    lists = (OWN, READS, set(WRITES), AGENTS)
    assert set().union(*lists) == set(routes())
    assert sum(map(len, lists)) == len(routes())


def test_nobody_signed_out_gets_further_than_sign_in(world):
    open_ = {
        name: [answer.status_code for answer in both(Client(), world(name))]
        for name in READS | set(WRITES)
        if not all(to_sign_in(answer) or answer.status_code == 405 for answer in both(Client(), world(name)))
    }
    assert open_ == {}
    assert {name: [a.status_code for a in both(Client(), world(name))] for name in AGENTS - {"api_nothing"}} == {
        name: [401, 401] for name in AGENTS - {"api_nothing"}
    }


def test_person_without_a_role_sees_and_does_nothing(world):
    client, before = signed_in(), rows()
    addresses = {name: world(name) for name in READS | set(WRITES)}
    open_ = {
        name: [answer.status_code for answer in both(client, address)]
        for name, address in addresses.items()
        if not all(answer.status_code in (403, 404, 405) for answer in both(client, address))
    }
    assert open_ == {}
    assert rows() == before


def test_token_of_an_agent_opens_no_page(world):
    client = Client(headers={"authorization": f"Bearer {world.token}"})
    open_ = {
        name: [answer.status_code for answer in both(client, world(name))]
        for name in READS | set(WRITES)
        if not all(to_sign_in(answer) or answer.status_code == 405 for answer in both(client, world(name)))
    }
    assert open_ == {}


def test_sign_in_of_a_person_opens_nothing_of_the_agents(world):
    client = signed_in(*ROLES)
    answers = {name: {answer.status_code for answer in both(client, world(name))} for name in AGENTS - {"api_nothing"}}
    assert {code for codes in answers.values() for code in codes} == {401}


def test_token_of_another_system_finds_nothing_of_this_one(world):
    text, _token = tokens.issue("stranger", intake.system_named("elsewhere"), factories.make_user("admin"))
    client = Client(headers={"authorization": f"Bearer {text}"})
    answers = {
        name: (client.get(world(name)).status_code, client.post(world(name), "{}", "application/json").status_code)
        for name in ("api_session", "api_steps", "api_finish", "api_task")
    }
    assert {code for codes in answers.values() for code in codes} <= {404, 405}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_writes_what_is_not_its_own(world, role):
    client, before = signed_in(role), rows()
    not_mine = {name: world(name) for name, may in WRITES.items() if role not in may}
    answers = {name: client.post(address, SENT) for name, address in not_mine.items()}
    assert {name: answer.status_code for name, answer in answers.items() if not shut(answer)} == {}
    assert rows() == before


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_everything(world, role):
    client = signed_in(role)
    answers = {name: client.get(world(name)).status_code for name in READS}
    assert answers == dict.fromkeys(READS, 200)


def test_what_is_not_there_is_not_found(world):
    client = signed_in(*ROLES)
    nowhere = {name: re.sub(r"\d+", "987654", world(name)) for name in READS | set(WRITES)}
    found = {
        name: [answer.status_code for answer in both(client, address)]
        for name, address in nowhere.items()
        if "987654" in address and not all(answer.status_code in (404, 405) for answer in both(client, address))
    }
    assert found == {}
