"""What must hold before a patch is merged, a line each: the merge box shows them, the merge asks them."""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Count, QuerySet

from cases.evaluation.agreement import may_gate
from cases.models import Case, Evaluation
from cloudmate import prepared
from rules import review, versions
from rules.models import KnowledgeVersion, Patch
from rules.patching import difference
from sandbox.models import Pair, Regression
from sandbox.regression import untested


class State(StrEnum):
    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    OVERRIDDEN = "overridden"
    WAITING = "waiting"
    ERROR = "error"  # could not be told: never green


@dataclass(frozen=True)
class Requirement:
    """One line of the merge box. ``overridden``: by whom and why; ``waits``: nobody has asked it yet."""

    name: str
    satisfied: bool
    words: str
    overridden: str = ""
    waits: bool = False
    error: bool = False

    @property
    def state(self) -> State:
        if self.satisfied:
            return State.SATISFIED
        if self.overridden:
            return State.OVERRIDDEN
        if self.error:
            return State.ERROR
        return State.WAITING if self.waits else State.UNSATISFIED

    @property
    def missing(self) -> bool:
        return not self.satisfied and not self.overridden


def requirements(
    patch: Patch, *, head: KnowledgeVersion | None = None, said: review.Said | None = None
) -> list[Requirement]:
    """Everything that must hold before a merge, each with why it does or does not. Seven queries, however many pairs.

    What the caller has read already, the head and what people said of the patch, is not read again.
    """
    head, said = head or versions.head(), said or review.said_of(patch)
    regression, verdict = patch.regression, patch.verdict or {}
    closed = regression is not None and regression.state == Regression.State.CLOSED
    override = ""
    if patch.taken_on_by_id and verdict.get("decision") == "inconclusive":
        override = f"taken on by {patch.taken_on_by.get_username()}: {patch.taken_on_reason}"
    return [
        _static(patch, verdict),
        _on_head(patch, head, closed),
        _gate(patch, verdict, override),
        _coverage(regression if closed else None, verdict, override),
        _judge(regression if closed else None, override),
        _approval(patch, said),
        _comments(said),
    ]


def _static(patch: Patch, verdict: dict) -> Requirement:
    found = verdict.get("static") or ()
    if found:
        words = f"{len(found)} finding{'s' if len(found) > 1 else ''}: {found[0]['text']}"
        return Requirement("Static checks", False, words)
    if patch.regression_id is None:
        return Requirement("Static checks", False, "made when it is proposed", waits=True)
    return Requirement("Static checks", True, "grammar, lint, secrets, conflicts and scope")


def _on_head(patch: Patch, head: KnowledgeVersion, closed: bool) -> Requirement:
    name, regression = "Regression on the current version", patch.regression
    if regression is None:
        return Requirement(name, False, f"not tested on v{head.number} yet", waits=True)
    if patch.base_id != head.pk or regression.base_id != head.value_id:
        return Requirement(name, False, moved(patch, head))
    if not closed:
        running = regression.state == Regression.State.OPEN
        return Requirement(name, False, f"not tested on v{head.number} yet: it {'runs' if running else 'was stopped'}")
    if since := prepared.count(_untested, regression.pk):
        words = f"{since} confirmed case{'s' if since > 1 else ''} came or changed since it was tested"
        return Requirement(name, False, words)
    return Requirement(name, True, f"tested on v{head.number}")


def _untested(regression: int) -> QuerySet[Case]:
    return untested(Regression(pk=regression)).order_by()


def moved(patch: Patch, head: KnowledgeVersion) -> str:
    """What a newer head means for a patch that was tested on an older one."""
    names = sorted(difference(versions.knowledge(patch.base), versions.knowledge(head)).names)
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return (
        f"not tested on v{head.number} yet: since v{patch.base.number} {shown or 'nothing'} changed. "
        "Only cases that these rules or this patch act on run again; the others keep their runs"
    )


def _gate(patch: Patch, verdict: dict, override: str) -> Requirement:
    decision = verdict.get("decision")
    words = verdict.get("reason", "no verdict yet")
    return Requirement("Gate", decision == "accept", words, override, waits=decision is None)


def _coverage(regression: Regression | None, verdict: dict, override: str) -> Requirement:
    """Every case accounted for, and none left in which a loss could hide; an error is never green."""
    if regression is None:
        return Requirement("Coverage", False, "told when it has run", waits=True)
    by_outcome = dict(prepared.rows(_outcomes, regression.pk))
    total = sum(by_outcome.values())
    unsettled = [("not run", None)] * by_outcome.get("", 0)
    if Pair.Outcome.INCONCLUSIVE in by_outcome:
        unsettled += prepared.rows(_inconclusive, regression.pk)
    errors = sum("error:" in reason for reason, _ in unsettled)
    hiding = sum(passed is not False for _, passed in unsettled)
    words = f"{total - len(unsettled)} of {total} settled"
    if unsettled:
        words += f"; {_most(reason for reason, _ in unsettled)}"
    words += f"; a loss could hide in {hiding}" if hiding else ""
    return Requirement("Coverage", hiding == 0, words, override, error=errors > 0)


def _outcomes(regression: int) -> QuerySet:
    return Pair.objects.filter(regression=regression).order_by().values_list("outcome").annotate(n=Count("pk"))


def _inconclusive(regression: int) -> QuerySet:
    pairs = Pair.objects.filter(regression=regression, outcome=Pair.Outcome.INCONCLUSIVE)
    return pairs.values_list("reason", "base_passed")[:1000]


def _most(reasons) -> str:
    kinds: dict[str, int] = {}
    for reason in reasons:
        kind = "not captured" if "miss" in reason or "not captured" in reason else reason.split(":")[0] or "unscored"
        kinds[kind] = kinds.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _judge(regression: Regression | None, override: str) -> Requirement:
    """A judge whose word settled a run must be one that people's scores allow to gate."""
    name = "Judge calibration"
    if regression is None:
        return Requirement(name, False, "told when it has run", waits=True)
    judges = sorted(set(prepared.rows(_judges, regression.pk)))
    if not judges:
        return Requirement(name, True, "no run was settled by a judge: code compared it with the answer")
    for judge in judges:
        permission = may_gate(judge)
        if not permission.allowed:
            return Requirement(name, False, f"{judge} may not gate: {'; '.join(permission.lacking)}", override)
    return Requirement(name, True, f"{', '.join(judges)} may gate")


def _judges(regression: int) -> QuerySet:
    pairs = Pair.objects.filter(regression=regression).order_by()
    old, new = (pairs.exclude(**{arm: None}).values(arm) for arm in ("base_session", "candidate_session"))
    settled = Evaluation.objects.exclude(judge="").filter(metrics__correct_by="judge")
    return settled.filter(session__in=old.union(new)).values_list("judge", flat=True)  # an OR would read all of them


def _approval(patch: Patch, said: review.Said) -> Requirement:
    approved = review.approvals(patch, said)
    by = ", ".join(item.by.get_username() + (" (by flag)" if item.by_flag else "") for item in approved)
    words = f"approved by {by}" if approved else "no approval yet"
    return Requirement("Approved by someone else", bool(approved), words, waits=not approved)


def _comments(said: review.Said) -> Requirement:
    count = said.open_comments
    return Requirement("Comments resolved", count == 0, f"{count} open" if count else "none open")
