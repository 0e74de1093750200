"""Patches: proposed changes of rules, from draft to the gate's verdict. People's decisions are in ``review``."""

from dataclasses import replace

from django.db import transaction
from django.db.models import QuerySet

from cases.access import require_role
from cases.models import Case, Session, System
from cloudmate import prepared
from cloudmate.states import TransitionError, transition
from rules import policies, trials, versions
from rules.gate import Decision, Verdict, decide, static_findings
from rules.generalisation import with_variants
from rules.models import GateVerdict, KnowledgeVersion, Patch, PatchRevision
from rules.patching import PatchingError, apply, without_known
from rules.review import makers
from sandbox import regression as regressions
from sandbox import reports
from sandbox.agents.base import Budget
from sandbox.knowledge import faces
from sandbox.knowledge.language import RuleSyntaxError, as_data, from_data
from sandbox.knowledge.rule import Knowledge, Rule
from sandbox.models import Regression
from sandbox.report import Report
from sandbox.values import knowledge_of


class PatchError(Exception):
    """A patch that cannot do what was asked; the message says why and what to do."""


def draft(
    *,
    title: str,
    add: tuple[Rule, ...] = (),
    remove: tuple[str, ...] = (),
    note: str = "",
    evidence: dict | None = None,
    by=None,
    engine: str = "",
    source: str = "person",
    failed: Session | None = None,
    better: Session | None = None,
    case: Case | None = None,
) -> Patch:
    """A patch on the current head, not yet proposed. ``by`` None means: written by the critic.

    Raises PatchError where it changes nothing or does not fit the head.
    """
    base = versions.head()
    _check(base, add, remove)
    with transaction.atomic():
        patch = Patch.objects.create(
            title=title[:200],
            author=by,
            engine=engine,
            source=source,
            base=base,
            failed=failed,
            better=better,
            case=case,
        )
        _revision(patch, 1, add, remove, note, evidence, by)
    return patch


def revise(patch: Patch, *, add: tuple[Rule, ...], remove: tuple[str, ...], note: str = "", by) -> PatchRevision:
    """A new revision by a person, on the current head: approvals and the regression count no more.

    Raises PatchError for a patch that is merged, rejected or under test, TransitionError where somebody was faster.
    """
    require_role(by, "expert", "reviewer", "lead")
    if patch.state not in (Patch.State.DRAFT, Patch.State.REFUSED, Patch.State.IN_REVIEW):
        raise PatchError(f"A patch that is {patch.standing} cannot be edited: draft a new one")
    base = versions.head()
    _check(base, add, remove)
    number = patch.revision_number + 1
    with transaction.atomic():
        if patch.state == Patch.State.DRAFT:
            held = Patch.objects.filter(pk=patch.pk, state=patch.state, revision_number=patch.revision_number)
            if not held.update(revision_number=number, base=base, regression=None, verdict=None):
                raise TransitionError(f"patch {patch.pk} was edited or proposed meanwhile")
            patch.refresh_from_db()
        else:
            transition(patch, Patch.State.DRAFT, revision_number=number, base=base, regression=None, verdict=None)
        return _revision(patch, number, add, remove, note, (current(patch) or PatchRevision()).evidence, by)


def narrow(patch: Patch, *, add: tuple[Rule, ...], note: str, evidence: dict) -> None:
    """The critic's next revision of its own refused patch, proposed again on the current head."""
    base = versions.head()
    _check(base, add, ())
    number = patch.revision_number + 1
    with transaction.atomic():
        transition(patch, Patch.State.DRAFT, revision_number=number, base=base, regression=None, verdict=None)
        _revision(patch, number, add, (), note, evidence, None)
    propose(patch)


def propose(patch: Patch, *, by=None) -> None:
    """Hand a draft to the gate. ``by`` is the person who does; None is the critic for its own draft."""
    if by is not None:
        require_role(by, "expert", "reviewer", "lead")
    if patch.state != Patch.State.DRAFT:
        raise TransitionError(f"patch {patch.pk} is {patch.state}: only a draft is proposed")
    transition(patch, Patch.State.PROPOSED)


def start_regression(patch: Patch) -> Regression | None:
    """Open the regression of a proposed patch on the current head; None where it is refused before any case runs.

    A patch that does not fit the head keeps the base it fits, so that it can still be read.
    """
    base = versions.head()
    knowledge = versions.knowledge(base)
    try:
        candidate = candidate_of(patch, on=base)
    except PatchingError as problem:
        _judged(patch, Patch.State.REFUSED, _words_only(f"It does not fit v{base.number}: {problem}"))
        return None
    if candidate.digest == base.value_id:
        _judged(patch, Patch.State.REFUSED, _words_only(f"Knowledge v{base.number} already says so"))
        return None
    if findings := static_findings(knowledge, candidate, known_names=known_names()):
        verdict = decide(Report(rows=()), static=findings)
        _judged(patch, Patch.State.REFUSED, verdict.as_dict(), base=base)
        return None
    try:
        with transaction.atomic():  # a worker that comes second leaves no second regression behind
            regression = regressions.open_for(
                base=knowledge, candidate=candidate, budget=Budget(), target_case=patch.case
            )
            transition(patch, Patch.State.TESTING, base=base, regression=regression, verdict=None)
    except regressions.RegressionError as problem:
        _judged(patch, Patch.State.REFUSED, _words_only(str(problem)), base=base)
        return None
    return regression


def judge(patch: Patch) -> Verdict:
    """The gate's verdict on a closed regression moves the patch on: to review, refused or inconclusive."""
    verdict = verdict_of(patch)
    state = {
        Decision.ACCEPT: Patch.State.IN_REVIEW,
        Decision.REFUSE: Patch.State.REFUSED,
        Decision.INCONCLUSIVE: Patch.State.INCONCLUSIVE,
    }[verdict.decision]
    _judged(patch, state, verdict.as_dict())
    return verdict


def verdict_of(patch: Patch) -> Verdict:
    """What the gate says of the regression as it stands. Writes nothing."""
    policy = policies.current()
    policy = replace(policy, needs_target=policy.needs_target and patch.case_id is not None)
    report = reports.report_of(patch.regression)
    tried = ()
    if patch.case and patch.case.current:
        base, candidate = knowledge_of(patch.regression.base), knowledge_of(patch.regression.candidate)
        tried = trials.over(patch.case.current, base)(candidate)
    return with_variants(decide(report, policy=policy), tried, report)


def run_again(patch: Patch, *, by) -> None:
    """Test again: go on with a regression that was stopped on this base, only what is outstanding; else a new one."""
    require_role(by, "expert", "reviewer", "lead")
    if patch.state not in (Patch.State.IN_REVIEW, Patch.State.INCONCLUSIVE):
        raise PatchError(f"A patch that is {patch.standing} is not waiting for a test")
    stopped = patch.regression is not None and patch.regression.state == Regression.State.CANCELLED
    if stopped and patch.base_id == versions.head().pk:
        with transaction.atomic():
            regressions.resume(patch.regression)
            transition(patch, Patch.State.TESTING, verdict=None)
        return
    transition(patch, Patch.State.PROPOSED, regression=None, verdict=None)


def stop_testing(patch: Patch, *, by) -> None:
    """Cancel a running regression; the patch is inconclusive, and can be run again."""
    require_role(by, "expert", "reviewer", "lead")
    if patch.state != Patch.State.TESTING or patch.regression.state != Regression.State.OPEN:
        raise PatchError("There is no regression running to stop")
    words = f"Stopped by {by.get_username()} before every case had run: run it again to settle it"
    with transaction.atomic():
        _judged(patch, Patch.State.INCONCLUSIVE, {**_words_only(words), "decision": "inconclusive"})
        regressions.cancel_regression(patch.regression)


def take_on(patch: Patch, *, by, reason: str) -> None:
    """A lead takes an inconclusive patch to review, with a reason that is kept beside the verdict; never their own."""
    require_role(by, "lead")
    if by.pk in makers(patch):
        raise PatchError("You made it: another lead has to take it on")
    if patch.state != Patch.State.INCONCLUSIVE:
        raise PatchError(f"A patch that is {patch.standing} is not waiting to be taken on")
    if not reason.strip():
        raise PatchError("Say why this may go to review although the gate could not settle it")
    transition(patch, Patch.State.IN_REVIEW, taken_on_by=by, taken_on_reason=reason.strip()[:300])


def discard(patch: Patch, *, by) -> None:
    """Close a draft that nobody wants, or what the gate refused; for a reviewer, what it could not settle. It stays readable."""
    if patch.state == Patch.State.INCONCLUSIVE:
        require_role(by, "reviewer", "lead")
    elif patch.state not in (Patch.State.DRAFT, Patch.State.REFUSED):
        raise PatchError(f"A patch that is {patch.standing} is not closed so: a reviewer decides on it")
    else:
        require_role(by, "expert", "reviewer", "lead")
    transition(patch, Patch.State.REJECTED)


def current(patch: Patch) -> PatchRevision | None:
    return prepared.first(_numbered, patch.pk, patch.revision_number) or patch.revisions.last()


def _numbered(patch: int, number: int) -> QuerySet[PatchRevision]:
    return PatchRevision.objects.filter(patch=patch, number=number)


def candidate_of(
    patch: Patch, *, on: KnowledgeVersion | None = None, revision: PatchRevision | None = None
) -> Knowledge:
    """The base (or the version ``on``) with the current revision applied. Raises PatchingError where it does not fit.

    A rule that the critic proposed and that has come in since, by another patch, keeps the reason it came in for.
    """
    revision = revision or current(patch)
    knowledge = versions.knowledge(on or patch.base)
    add = tuple(from_data(data) for data in revision.add)
    return apply(knowledge, add=add if revision.by_id else without_known(knowledge, add), remove=revision.remove)


def rules_from_text(text: str) -> tuple[Rule, ...]:
    """The rules a person typed; PatchError names line, column and word of what cannot be read."""
    try:
        rules = faces.read(text)
    except RuleSyntaxError as problem:
        raise PatchError(str(problem)) from problem
    if not rules:
        raise PatchError("There is no rule in this text: start with RULE name")
    return rules


def known_names() -> list[str]:
    """Names of systems and components that a general rule must not hold."""
    names = set(System.objects.values_list("slug", flat=True))
    for answer in Case.objects.exclude(current=None).values_list("current__answer", flat=True):
        names.update(cause.get("component", "") for cause in (answer or {}).get("causes", ()))
    return sorted(name for name in names if len(name) > 2)


def _judged(patch: Patch, state: str, verdict: dict, **changes) -> None:
    """Move the patch on by what the gate said, and keep that: the next test or revision takes it off the patch."""
    with transaction.atomic():
        transition(patch, state, verdict=verdict, **changes)
        GateVerdict.objects.create(
            patch=patch,
            revision_number=patch.revision_number,
            base=patch.base,
            regression=patch.regression,
            decision=verdict["decision"],
            reason=verdict["reason"],
        )


def _check(base: KnowledgeVersion, add: tuple[Rule, ...], remove: tuple[str, ...]) -> None:
    if not add and not remove:
        raise PatchError("This changes nothing: add or remove at least one rule")
    try:
        candidate = apply(versions.knowledge(base), add=add, remove=remove)
    except PatchingError as problem:
        raise PatchError(str(problem)) from problem
    if candidate.digest == base.value_id:
        raise PatchError(f"This changes nothing: knowledge v{base.number} already says so")


def _revision(patch, number, add, remove, note, evidence, by) -> PatchRevision:
    return PatchRevision.objects.create(
        patch=patch,
        number=number,
        add=[as_data(rule) for rule in add],
        remove=list(remove),
        note=note,
        evidence=evidence or {},
        by=by,
    )


def _words_only(reason: str) -> dict:
    return Verdict(decision=Decision.REFUSE, reason=reason).as_dict()
