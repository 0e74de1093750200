"""People's own answers to a case, held against each other: where they disagree the task is ambiguous, and does not gate."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import F, QuerySet

from cases.diagnosis import Answer, Conclusion
from cases.evaluation.calibration import Estimate, share
from cases.evaluation.components import same, same_class, squeezed
from cases.models import Case, CaseVersion, Label
from cases.parsing import parse_answer
from cloudmate import prepared

Ambiguity = Case.Ambiguity


def agree(one: Answer, other: Answer) -> bool | None:
    """Whether both accept one and the same cause; None where either says it in free words alone."""
    if one.conclusion is not other.conclusion:
        return False
    if one.conclusion is not Conclusion.ROOT_CAUSE:
        return True
    if not one.causes or not other.causes:
        return None
    aliases = {**one.aliases, **other.aliases}
    return any(
        (not (a.component and b.component) or same(a.component, b.component, aliases))
        and (not (a.fault_class and b.fault_class) or same_class(a.fault_class, b.fault_class, aliases))
        for a in one.causes
        for b in other.causes
    )


def standing(case: Case) -> list[Label]:
    """The newest label of each person on the task as it stands now, oldest first; what was set aside is left out."""
    if case.current is None:
        return []
    rows = prepared.rows(_standing, case.pk, case.current.task_digest)
    return sorted({row.by_id: row for row in rows}.values(), key=lambda row: row.pk)


def _standing(case: int, task: str) -> QuerySet[Label]:
    said = Label.objects.filter(version__case=case, version__task_digest=task, set_aside_by=None)
    return said.select_related("by")


def given_alone(case: Case, by) -> bool:
    """Whether this person said by themselves what they think of the task: what they say of it later is their own too."""
    return any(label.by_id == by.pk and not label.informed for label in standing(case))


def record(version: CaseVersion, answer: Answer, by, *, informed: bool = False) -> Label:
    """Keep a person's label, and weigh its case anew. ``informed``: they knew the answer that stood."""
    label = Label.objects.create(version=version, by=by, answer=answer.as_dict(), informed=informed)
    weigh(version.case)
    return label


def weigh(case: Case) -> None:
    """Store whether the labels that stand all accept what the current answer accepts.

    Anybody can disagree; only labels given without knowledge of the others agree.
    """
    answer = case.current.parsed_answer() if case.current else None
    said = [(agree(parse_answer(one.answer), answer), one.informed) for one in standing(case)] if answer else []
    agreed = sum(fits is True and not informed for fits, informed in said) > 1
    ambiguous = any(fits is False for fits, _ in said)
    found = Ambiguity.AMBIGUOUS if ambiguous else Ambiguity.AGREED if agreed else Ambiguity.UNKNOWN
    if case.ambiguity != found:
        case.ambiguity = found
        case.save(update_fields=["ambiguity"])


@dataclass(frozen=True)
class Agreement:
    """Over all cases that two or more people labelled. ``alpha``: Krippendorff (2011), nominal; None without spread."""

    share: Estimate
    alpha: float | None

    @property
    def n(self) -> int:
        return self.share.n


def agreement() -> Agreement:
    """What the first causes that people name agree in, of labels given without knowledge of the others: one query."""
    newest: dict[int, dict[int, str]] = defaultdict(dict)
    for case, by, answer in prepared.rows(_given_blind):
        newest[case][by] = _said(parse_answer(answer))
    units = [list(said.values()) for said in newest.values() if len(said) > 1]
    return Agreement(share(sum(len(set(unit)) == 1 for unit in units), len(units)), alpha(units))


def _given_blind() -> QuerySet:
    of_today = {"version__task_digest": F("version__case__current__task_digest")}
    given = Label.objects.filter(set_aside_by=None, informed=False, **of_today)
    return given.order_by("pk").values_list("version__case", "by", "answer")


def alpha(units: Iterable[Sequence[str]]) -> float | None:
    """Krippendorff's alpha of nominal values: 1 all agree, 0 as by chance; None where only one value was ever said.

    Each unit holds what two or more people said of one thing.
    """
    units = [unit for unit in units if len(unit) > 1]
    said = Counter(value for unit in units for value in unit)
    n = sum(said.values())
    expected = n * n - sum(count * count for count in said.values())
    if not expected:
        return None
    observed = sum(
        (len(unit) ** 2 - sum(count * count for count in Counter(unit).values())) / (len(unit) - 1) for unit in units
    )
    return 1 - (n - 1) * observed / expected


def _said(answer: Answer) -> str:
    if answer.conclusion is not Conclusion.ROOT_CAUSE or not answer.causes:
        return answer.conclusion.value
    return squeezed(answer.causes[0].fault_class)
