"""Cases that say the same: in what is frozen of them, in what an agent sees, or nearly in the words of the prompt."""

from django.db.models import Count, QuerySet

from cases.likeness import alike
from cases.models import Case

COMPARED = 1_000  # cases whose prompts are compared within their system and fault class
SHOWN = 200  # cases of either exact kind
SHOWN_OF = ("name", "state", "system__name")


def duplicates() -> list[tuple[str, list[Case]]]:
    """Cases that say the same, each group with what is the same: all an agent sees, or nearly the words of the prompt."""
    cases = Case.objects.exclude(state=Case.State.RETIRED).filter(current__isnull=False)
    twice = (
        cases.order_by()
        .values("current__task_digest")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
        .values("current__task_digest")
    )
    same: dict[str, list[Case]] = {}
    for case in (
        cases.filter(current__task_digest__in=twice)
        .select_related("system", "current")
        .only(*SHOWN_OF, "current__task_digest")
        .order_by("pk")[:SHOWN]
    ):
        same.setdefault(case.current.task_digest, []).append(case)
    found = [*_same_recordings(cases), *(("the agent sees the very same", members) for members in same.values())]
    known = [{case.pk for case in members} for members in same.values()]
    near = [keys for keys in _nearly_the_same(cases) if not any(together >= set(keys) for together in known)]
    rows = cases.select_related("system").only(*SHOWN_OF).in_bulk({pk for keys in near for pk in keys})
    return found + [("the same system and fault, nearly the same words", [rows[pk] for pk in keys]) for keys in near]


def _nearly_the_same(cases: QuerySet[Case]) -> list[tuple[int, ...]]:
    """Groups within a system and fault class, of the prompts alone: most cases are in no group."""
    compared = cases.exclude(state=Case.State.DRAFT).exclude(current__fault_class="").order_by("pk")
    groups: dict[tuple[int, str], dict[int, str]] = {}
    for pk, system, fault, prompt in compared.values_list("pk", "system", "current__fault_class", "current__prompt")[
        :COMPARED
    ]:
        groups.setdefault((system, fault), {})[pk] = prompt
    return [keys for prompts in groups.values() for keys in alike(prompts)]


def _same_recordings(cases: QuerySet[Case]) -> list[tuple[str, list[Case]]]:
    """What is frozen is the same, byte for byte; where the answers are not, one of them is wrong."""
    frozen = cases.exclude(frozen_digest="")
    twice = frozen.order_by().values("frozen_digest").annotate(n=Count("pk")).filter(n__gt=1).values("frozen_digest")
    groups: dict[str, list[Case]] = {}
    for case in (
        frozen.filter(frozen_digest__in=twice)
        .select_related("system", "current")
        .only(*SHOWN_OF, "frozen_digest", "current__answer")
        .order_by("pk")[:SHOWN]
    ):
        groups.setdefault(case.frozen_digest, []).append(case)
    return [(_of_answers(members), members) for members in groups.values()]


def _of_answers(members: list[Case]) -> str:
    said = {str(case.current.answer.get("causes") or case.current.answer.get("expected")) for case in members}
    return f"the same recordings, {'and the same answer' if len(said) == 1 else 'but another answer: one is wrong'}"
