"""Every address of the project with something behind it: for the tests that walk them all."""

import json
import re

from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone

from cases import annotating, labels, tokens
from cases.evaluation.run import evaluate_session
from cases.models import ReviewItem, ReviewSeat, Score
from rules.models import PatchComment
from sandbox import incidents
from tests import factories
from tests.rules import scene


def routes(resolver=None, space: str = "", before: str = "") -> dict[str, str]:
    """The route of every named address, by the name it is reversed with."""
    found = {}
    for pattern in (resolver or get_resolver()).url_patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= routes(pattern, f"{pattern.namespace}:" if pattern.namespace else space, here)
        elif pattern.name:
            found[space + pattern.name] = here
    return found


def one_of_everything():
    """Make one of everything that an address may name; gives the address of a name."""
    case = factories.make_confirmed_case()
    session = factories.make_finished_session(case)
    evaluate_session(session)
    recorded = factories.make_session(case, actor="expert", engine="expert", by=factories.make_user("expert"))
    factories.add_step(recorded)
    hypothesis = annotating.annotate(recorded, kind="hypothesis", text="an index", by=recorded.by)
    patch = scene.patch("in_review", "fixed")
    comment = PatchComment.objects.create(patch=patch, text="why?", by=recorded.by)
    exploration = scene.exploration("")
    text, token = tokens.issue("watcher", case.system, recorded.by)
    agents_session = Client(headers={"authorization": f"Bearer {text}"}).post(
        "/api/v1/sessions", json.dumps({"prompt": "slow"}), content_type="application/json"
    )
    assert agents_session.status_code in (200, 201), agents_session.content
    score = Score.objects.create(evaluation=session.evaluations.get(), dimension="evidence", value=0.5)
    pks = {"cases": case.pk, "sessions": recorded.pk, "patches": patch.pk, "regressions": patch.regression_id}
    live = incidents.begin(system="quayside", by=recorded.by, seed=1)
    item = ReviewItem.objects.create(score=score, why="random", priority=9, left=1)
    pks |= {"review": ReviewSeat.objects.create(item=item, by=recorded.by, until=timezone.now()).pk}
    pks |= {"lab": live.pk, "explorations": exploration.pk, "settings": token.pk, "panels": case.pk, "api": case.pk}
    kwargs = {"index": 0, "annotation": hypothesis.pk, "score": score.pk, "number": comment.pk, "form": "csv"}
    kwargs |= {"old": session.pk, "new": session.pk, "rest": "elsewhere", "name": "agent"}
    kwargs |= {"label": labels.record(case.current, factories.ANSWER, recorded.by).pk}

    def address(name: str) -> str:
        route = routes()[name]
        given = {key: kwargs.get(key) for key in re.findall(r"<(?:\w+:)?(\w+)>", route)}
        if "pk" in given:
            given["pk"] = pks[route.split("/")[0]]
        if name == "sandbox:session_panel":
            given["pk"] = recorded.pk
        if name.startswith("api_") and "pk" in given:
            given["pk"] = agents_session.json()["id"] if "sessions" in route else case.pk
        if name in {"rules:version", "rules:revert", "rules:export_rules"}:
            given["number"] = 0
        if name == "rules:export_rules":
            given["form"] = "md"
        return reverse(name, kwargs=given)

    address.token = text
    address.system = case.system
    return address
