"""The critic at work: from a failed session and a better one to a proposed patch with its evidence."""

from collections.abc import Iterator
from functools import lru_cache

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from cases import recording
from cases.diagnosis import Answer
from cases.evaluation.registry import evaluate
from cases.evaluation.run import answering, passed
from cases.models import Case, Evaluation, Session
from cases.transcript import Transcript
from cloudmate.llm.base import LLM
from cloudmate.llm.roles import for_role
from cloudmate.work import finish, held
from rules import patches, trials, versions
from rules.critic import model
from rules.critic.propose import Neighbour, NoProposal, Proposal, accepted, propose
from rules.models import Critique, KnowledgeVersion, Patch, PatchRevision
from sandbox import capture, runs
from sandbox.models import Exploration, Pair, Regression, Snapshot

FOUND = "Nothing to learn: the agent finds it with knowledge v"
ROUNDS = 3  # times the critic may narrow a rule that the gate refused
PENDING = (Patch.State.PROPOSED, Patch.State.TESTING, Patch.State.IN_REVIEW)


class CritiqueError(Exception):
    """A critique that cannot be asked for; the message says what is missing."""


def ask(failed: Session, better: Session) -> Critique:
    """Queue a critique on the current head; the same pair on the same head is asked once."""
    if failed.case_id != better.case_id:
        raise CritiqueError("The two sessions are of different cases: choose a better session of the same case")
    if runs.snapshot_of(failed.version) is None:
        raise CritiqueError(f"{failed.case} has no snapshot, so no rule can be tried on it: record a session first")
    critique, _ = Critique.objects.get_or_create(failed=failed, better=better, base=versions.head())
    return critique


def ask_again(patch: Patch) -> Critique:
    """Queue another round on a patch of the critic that the gate refused: what it broke is shown to it now."""
    critique, _ = Critique.objects.get_or_create(
        failed=patch.failed,
        better=patch.better,
        base=versions.head(),
        round=patch.revision_number + 1,
        defaults={"patch": patch},
    )
    return critique


def refused(among: QuerySet | None = None) -> QuerySet[Patch]:
    """Patches of the critic alone that were refused for a loss, and may be narrowed once more.

    A round that another patch of the same two sessions had on this head would say the same again.
    """
    asked = Q(failed=OuterRef("failed"), better=OuterRef("better"), base=versions.head())
    tried = Critique.objects.filter(Q(patch=OuterRef("pk")) | asked, round__gt=OuterRef("revision_number"))
    edited = PatchRevision.objects.filter(patch=OuterRef("pk"), by__isnull=False)
    rows = Patch.objects.filter(
        state=Patch.State.REFUSED, author=None, revision_number__lt=ROUNDS, failed__isnull=False, better__isnull=False
    )
    rows = rows.filter(regression__pairs__outcome=Pair.Outcome.REGRESSED)
    rows = rows.exclude(Exists(tried)).exclude(Exists(edited))
    return (rows if among is None else rows.filter(case__in=among)).distinct().order_by("pk")


def wanted(among: QuerySet | None = None) -> Iterator[tuple[Session, Session]]:
    """Failed sessions that nothing in review mends, oldest first, each with a better one not yet compared with.

    Each better session is compared once: what the critic could make nothing of, or the gate refused, is a person's.
    """
    of_case = Critique.objects.filter(failed__case=OuterRef("case"))
    by_agent = Session.objects.recorded().finished().filter(actor=Session.Actor.AGENT)
    explored = Exploration.objects.filter(outcome="success").order_by().values("session")
    shown = by_agent.filter(case__in=_right_by_expert().values("case")).order_by().values("pk")
    failed = (
        by_agent.filter(pk__in=explored.union(shown))  # few among many: an OR of the two would look at every session
        .filter(Exists(Snapshot.objects.filter(case=OuterRef("version__case"))))
        .filter(Exists(Evaluation.objects.filter(session=OuterRef("pk"), low_scoring=True)))
        .filter(version__task_digest=F("case__current__task_digest"))
        .exclude(Exists(of_case.filter(Q(patch__isnull=False) | Q(outcome__startswith=FOUND))))
        .exclude(Exists(_later_success()))
        .exclude(Exists(Patch.objects.filter(case=OuterRef("case"), state__in=PENDING)))
        .exclude(Exists(_fixed_by_pending()))
        .select_related("case", "version")
        .order_by("pk")
    )
    sessions = list(failed if among is None else failed.filter(case__in=among))
    tried: dict[int, set[int]] = {}
    for case, better in Critique.objects.filter(failed__case__in=_cases(sessions)).values_list(
        "failed__case", "better"
    ):
        tried.setdefault(case, set()).add(better)
    for session, found in zip(sessions, _better(sessions), strict=True):
        for better in found:
            if better.pk not in tried.get(session.case_id, ()):
                yield session, better
                break


def better_sessions(failed: Session) -> list[Session]:
    """What exploration found, then experts' successful sessions of the same task; none while exploration goes on.

    Failures that share a signature share one exploration, so all of them wait for it.
    """
    return _better([failed])[0]


def _better(failures: list[Session]) -> list[list[Session]]:
    """The better sessions of each failure; four queries, however many failures there are."""
    of_failure = Exploration.objects.filter(session__in=failures).select_related("best")
    explorations = {exploration.session_id: exploration for exploration in of_failure}
    newest = Evaluation.objects.filter(session__in=failures).order_by("pk").values_list("session", "signature")
    signatures = dict(newest)
    running = Exploration.objects.filter(signature__in={*signatures.values()} - {""}, state=Exploration.State.OPEN)
    explored = set(running.values_list("signature", flat=True))
    experts: dict[tuple[int, str], list[Session]] = {}
    right = _right_by_expert().filter(case__in=_cases(failures)).select_related("version").order_by("-pk")
    for session in right:
        experts.setdefault((session.case_id, session.version.task_digest), []).append(session)

    def better(failed: Session) -> list[Session]:
        exploration = explorations.get(failed.pk)
        if exploration is None and signatures.get(failed.pk) in explored:
            return []
        if exploration is not None and exploration.state == Exploration.State.OPEN:
            return []
        found = [exploration.best] if exploration is not None and exploration.outcome == "success" else []
        return [*found, *experts.get((failed.case_id, failed.version.task_digest), ())]

    return [better(failed) for failed in failures]


def _right_by_expert():
    """Experts' sessions that found the cause."""
    right = Evaluation.objects.filter(session=OuterRef("pk"), correct=True)
    return Session.objects.finished().filter(Exists(right), actor=Session.Actor.EXPERT)


def _cases(sessions: list[Session]) -> set[int]:
    return {session.case_id for session in sessions}


def execute(critique: Critique, *, llm: LLM | None = None) -> Patch | None:
    """Claim, compare, and propose a patch; where none is found the critique says why.

    Where the offline critic finds none, ``llm``, or else the model of the role critic, is asked; no
    model is asked inside a transaction.
    """
    with held(critique):
        return _compare(critique, llm or for_role("critic"))


def _compare(critique: Critique, llm: LLM | None) -> Patch | None:
    failed, better = critique.failed, critique.better
    answer = answering(failed).parsed_answer()
    if answer is None or not answer.causes:
        return _end(critique, "The case has no structured answer, so nothing can be told right from wrong")
    base = versions.knowledge(critique.base)
    snapshot = runs.snapshot_of(failed.version)
    source, task = capture.source_of(snapshot), recording.task_of(failed.version)

    now = runs.play(source, task, knowledge=base)

    def replay(knowledge) -> Transcript:
        return runs.replay(source, task, knowledge=knowledge, known=runs.Known(now, base))

    def right(transcript: Transcript) -> bool | None:
        """Right and grounded: a rule that makes the agent guess right is refused by the gate."""
        result = evaluate(transcript, answer)
        return None if passed(result) is None else result.verdict == Evaluation.Verdict.SUCCESS

    if right(now):
        return _end(critique, f"{FOUND}{critique.base.number}")
    shown = recording.transcript_of(better)
    setting = {
        "answer": answer,
        "base": base,
        "replay": replay,
        "passes": right,
        "neighbours": neighbours(failed, critique.base, broken=critique.patch),
        "known_names": patches.known_names(),
        "variants": trials.over(answering(failed), base),
    }
    proposal, evidence = propose(now, shown, **setting), {}
    if isinstance(proposal, NoProposal) and llm is not None:
        attempt = model.propose(llm, now, shown, reason=proposal.reason, **setting)
        critique.engine, proposal, evidence = attempt.engine, attempt.outcome, {"model": attempt.record}
    if isinstance(proposal, NoProposal):
        return _end(critique, proposal.reason)
    evidence |= proposal.as_evidence()
    with transaction.atomic():  # a worker that is killed or late leaves no patch behind
        patch = _written(critique, proposal, evidence, answer)
        _end(critique, "", patch)
    return patch


def _written(critique: Critique, proposal: Proposal, evidence: dict, answer: Answer) -> Patch:
    """The proposal as a patch that waits for its test: the next revision of a refused one, or a new one."""
    failed, better = critique.failed, critique.better
    if critique.patch is not None:
        patches.narrow(critique.patch, add=proposal.rules, note=proposal.why, evidence=evidence)
        Patch.objects.filter(pk=critique.patch_id).update(engine=critique.engine)
        return critique.patch
    patch = patches.draft(
        title=f"{answer.causes[0].fault_class.replace('_', ' ')}: {proposal.title}",
        add=proposal.rules,
        note=proposal.why,
        evidence=evidence,
        engine=critique.engine,
        source="expert" if better.actor == Session.Actor.EXPERT else "exploration",
        failed=failed,
        better=better,
        case=failed.case,
    )
    patches.propose(patch)
    return patch


def neighbours(failed: Session, head: KnowledgeVersion, *, broken: Patch | None = None) -> list[Neighbour]:
    """What the library's other cases look like to the agent as it is now: where a rule must not misfire.

    What ``broken``, a refused patch, made of the cases it lost stands beside their experts' sessions.
    """
    pairs = (
        Pair.objects.filter(regression__candidate=head.value_id, regression__state=Regression.State.CLOSED)
        .exclude(candidate_session=None)
        .order_by("case_version", "-pk")
    )
    newest: dict[int, int] = {}
    for pair in pairs.values("case_version", "candidate_session"):
        newest.setdefault(pair["case_version"], pair["candidate_session"])
    # what an agent posted was not run by this agent, whatever it calls itself
    direct = Session.objects.finished().filter(
        knowledge_digest=head.value_id, actor=Session.Actor.AGENT, origin__in=["recorded", "regression"], token=None
    )
    for session in direct.order_by("pk").values("pk", "version"):
        newest.setdefault(session["version"], session["pk"])
    cases = Case.objects.confirmed().exclude(pk=failed.case_id).select_related("current").order_by("pk")
    experts: dict[int, list[int]] = {}
    recorded = Session.objects.finished().filter(actor=Session.Actor.EXPERT, case__in=cases)
    recorded = recorded.filter(version__task_digest=F("case__current__task_digest"))
    for case, pk in recorded.order_by("pk").values_list("case", "pk"):
        experts.setdefault(case, []).append(pk)
    harmed = _lost_by(broken)
    for case, pk in harmed:
        experts.setdefault(case, []).append(pk)
    lost = {case for case, _ in harmed}
    verdicts = _passed(newest.values())
    return [
        _neighbour(case, newest.get(case.current_id), verdicts, experts.get(case.pk, ()), harmed=case.pk in lost)
        for case in cases
    ]


def _lost_by(patch: Patch | None) -> list[tuple[int, int]]:
    if patch is None or patch.regression_id is None:
        return []
    lost = patch.regression.pairs.filter(outcome=Pair.Outcome.REGRESSED, candidate_session__isnull=False)
    return list(lost.order_by("pk").values_list("case_version__case", "candidate_session"))


def _neighbour(case: Case, session: int | None, verdicts: dict[int, bool | None], experts, *, harmed) -> Neighbour:
    answer = case.current.parsed_answer()
    return Neighbour(
        name=case.name,
        fault_class=case.current.fault_class,
        transcript=transcript(session) if session else None,
        passed=verdicts.get(session),
        component=answer.causes[0].component if answer and answer.causes else "",
        others=tuple(transcript(pk) for pk in experts),
        harmed=harmed,
        accepted=accepted(answer) if answer and answer.causes else (),
    )


def _passed(sessions) -> dict[int, bool | None]:
    rows = Evaluation.objects.filter(session__in=list(sessions)).order_by("pk")
    return {row.session_id: passed(row) for row in rows}


@lru_cache(maxsize=400)
def transcript(session: int) -> Transcript:
    """A finished session never changes, so its value is kept: the critic reads the whole library each time."""
    return recording.transcript_of(Session.objects.select_related("version__case__system").get(pk=session))


def _later_success():
    """A newer recorded agent session of the same case version that was right."""
    return Session.objects.filter(
        case=OuterRef("case"),
        pk__gt=OuterRef("pk"),
        origin=Session.Origin.RECORDED,
        actor=Session.Actor.AGENT,
        evaluations__verdict=Evaluation.Verdict.SUCCESS,
    )


def _fixed_by_pending():
    """A patch that waits for a decision already mends this case."""
    return Pair.objects.filter(
        case_version=OuterRef("case__current"),
        outcome=Pair.Outcome.FIXED,
        regression__patches__state__in=PENDING,
    )


def _end(critique: Critique, outcome: str, patch: Patch | None = None) -> None:
    finish(critique, outcome=outcome[:300], patch=patch or critique.patch, engine=critique.engine)
