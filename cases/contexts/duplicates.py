"""Cases that say the same: in what is frozen of them, in what an agent sees, or nearly in the words of the prompt."""

from typing import NamedTuple

from django.db.models import Count, QuerySet

from cases.access import left_out
from cases.likeness import alike
from cases.models import Case

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
    cases = left_out(Case.objects.exclude(state=Case.State.RETIRED).filter(current__isnull=False), user)
    same = _same_task(cases)
    near = [keys for keys in _nearly_the_same(cases) if not any(set(together) >= set(keys) for together in same)]
    found = _same_recordings(cases)
    found += [("the agent sees the very same", keys) for keys in same]
    found += [("the same system and fault, nearly the same words", keys) for keys in near]
    named = {pk for _, keys in found for pk in keys[:NAMED]}
    rows = cases.select_related("system").only("name", "state", "system__name").in_bulk(named)
    return [Alike(why, [rows[pk] for pk in keys[:NAMED]], max(0, len(keys) - NAMED)) for why, keys in found]


def _twice(cases: QuerySet[Case], field: str) -> QuerySet:
    """The values of ``field`` that more than one of the cases has."""
    return cases.order_by().values(field).annotate(n=Count("pk")).filter(n__gt=1).values(field)


def _same_task(cases: QuerySet[Case]) -> list[tuple[int, ...]]:
    field = "current__task_digest"
    groups: dict[str, list[int]] = {}
    rows = cases.filter(**{f"{field}__in": _twice(cases, field)}).order_by("pk")
    for pk, digest in rows.values_list("pk", field)[:SHOWN]:
        groups.setdefault(digest, []).append(pk)
    return [tuple(keys) for keys in groups.values()]


def _nearly_the_same(cases: QuerySet[Case]) -> list[tuple[int, ...]]:
    """Groups within a system and fault class, of the prompts alone: most cases are in no group."""
    compared = cases.exclude(state=Case.State.DRAFT).exclude(current__fault_class="").order_by("pk")
    groups: dict[tuple[int, str], dict[int, str]] = {}
    for pk, system, fault, prompt in compared.values_list("pk", "system", "current__fault_class", "current__prompt")[
        :COMPARED
    ]:
        groups.setdefault((system, fault), {})[pk] = prompt
    return [keys for prompts in groups.values() for keys in alike(prompts)]


def _same_recordings(cases: QuerySet[Case]) -> list[tuple[str, tuple[int, ...]]]:
    """What is frozen is the same, byte for byte; where the answers are not, one of them is wrong."""
    frozen = cases.exclude(frozen_digest="")
    rows = frozen.filter(frozen_digest__in=_twice(frozen, "frozen_digest")).order_by("pk")
    groups: dict[str, dict[int, str]] = {}
    for pk, digest, answer in rows.values_list("pk", "frozen_digest", "current__answer")[:SHOWN]:
        groups.setdefault(digest, {})[pk] = str(answer.get("causes") or answer.get("expected"))
    return [(_of_answers(set(said.values())), tuple(said)) for said in groups.values()]


def _of_answers(said: set[str]) -> str:
    return f"the same recordings, {'and the same answer' if len(said) == 1 else 'but another answer: one is wrong'}"
