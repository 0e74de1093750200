"""Cases that say the same: in what is frozen of them, in what an agent sees, or nearly in the words of the prompt."""

import json
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Count, Exists, F, Max, Min, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast

from cases.access import asked_by, left_out
from cases.likeness import alike
from cases.models import Case, CaseVersion
from cloudmate import prepared

COMPARED = 1_000  # cases whose prompts are compared within their system and fault class
SHOWN = 200  # cases of either exact kind
NAMED = 12  # cases of a group that are named


class Alike(NamedTuple):
    """What is the same, the first cases of which it is, and how many there are besides."""

    why: str
    cases: list[Case]
    more: int = 0


def duplicates(user) -> list[Alike]:
    """Cases that say the same, each group with what is the same: all an agent sees, or nearly the words of the prompt."""
    cases = _cases(user)
    same = _same_task(cases)
    near = [keys for keys in _nearly_the_same(user) if not any(set(together) >= set(keys) for together in same)]
    found = _same_recordings(cases)
    found += [("the agent sees the very same", keys) for keys in same]
    found += [("the same system and fault, nearly the same words", keys) for keys in near]
    named = {pk for _, keys in found for pk in keys[:NAMED]}
    rows = cases.select_related("system").only("name", "state", "system__name").in_bulk(named)
    return [Alike(why, [rows[pk] for pk in keys[:NAMED]], max(0, len(keys) - NAMED)) for why, keys in found]


def _cases(user) -> QuerySet[Case]:
    return left_out(Case.objects.exclude(state=Case.State.RETIRED).filter(current__isnull=False), user)


def _sharing(cases: QuerySet[Case], field: str, among: list[str]) -> QuerySet[Case]:
    """The cases that share a value of ``field``, by key; ``among`` holds all such values, and perhaps others."""
    another = cases.filter(**{field: OuterRef(field)}).exclude(pk=OuterRef("pk"))
    return cases.filter(Exists(another), **{f"{field}__in": among}).order_by("pk")


def _same_task(cases: QuerySet[Case]) -> list[tuple[int, ...]]:
    groups: dict[str, list[int]] = {}
    rows = _sharing(cases, "current__task_digest", prepared.rows(_tasks_of_several))
    for pk, digest in rows.values_list("pk", "current__task_digest")[:SHOWN]:
        groups.setdefault(digest, []).append(pk)
    return [tuple(keys) for keys in groups.values()]


def _tasks_of_several() -> QuerySet:
    """Of any version: read from an index alone, where the current ones are all cases and all versions joined."""
    tasks = CaseVersion.objects.order_by().values("task_digest").annotate(first=Min("case"), last=Max("case"))
    return tasks.filter(last__gt=F("first")).values_list("task_digest", flat=True)


def _nearly_the_same(user) -> list[tuple[int, ...]]:
    """Groups within a system and fault class, of the prompts alone: most cases are in no group."""
    groups: dict[tuple[int, str], dict[int, str]] = {}
    for pk, system, fault, prompt in asked_by(user, _compared):
        groups.setdefault((system, fault), {})[pk] = prompt
    return [keys for prompts in groups.values() for keys in alike(prompts)]


def _compared(user) -> QuerySet:
    compared = _cases(user).exclude(state=Case.State.DRAFT).exclude(current__fault_class="").order_by("pk")
    return compared.values_list("pk", "system", "current__fault_class", "current__prompt")[:COMPARED]


def _same_recordings(cases: QuerySet[Case]) -> list[tuple[str, tuple[int, ...]]]:
    """What is frozen is the same, byte for byte; where the answers are not, one of them is wrong."""
    rows = _sharing(cases, "frozen_digest", prepared.rows(_frozen_of_several))
    groups: dict[str, dict[int, str]] = {}
    answers = Cast("current__answer", TextField())
    for pk, digest, answer in rows.values_list("pk", "frozen_digest", answers)[:SHOWN]:
        groups.setdefault(digest, {})[pk] = _said(answer)
    return [(_of_answers(set(said.values())), tuple(said)) for said in groups.values()]


@lru_cache(maxsize=1_000)  # a version's answer does not change
def _said(answer: str) -> str:
    said = json.loads(answer)
    return str(said.get("causes") or said.get("expected"))


def _frozen_of_several() -> QuerySet:
    frozen = Case.objects.exclude(frozen_digest="").order_by().values("frozen_digest").annotate(n=Count("*"))
    return frozen.filter(n__gt=1).values_list("frozen_digest", flat=True)


def _of_answers(said: set[str]) -> str:
    return f"the same recordings, {'and the same answer' if len(said) == 1 else 'but another answer: one is wrong'}"
