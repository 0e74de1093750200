"""A finished session becomes a baseline case in one act: cleaned, labelled with what it found, confirmed once."""

from collections import Counter
from dataclasses import replace

from django.db import transaction

from cases import library, log
from cases.diagnosis import Answer, Cause, Conclusion
from cases.evaluation.grounding import leading
from cases.library import LibraryError
from cases.models import Case, CaseVersion, Session
from cases.parsing import parse_diagnosis

PROPOSED = "proposed as baseline"  # as the log says it, with the session as its subject
LOOKED_AT = 2000  # answers read for the category of a fault class, the newest


def why_not(session: Session) -> str:
    """Why a session cannot be proposed, in words; "" where it can."""
    if session.state != Session.State.FINISHED:
        return "Finish the session first."
    if session.actor != Session.Actor.EXPERT:
        return "An expert's session is proposed: record your own."
    if session.case.state in (Case.State.CONFIRMED, Case.State.QUARANTINED, Case.State.RETIRED):
        return f"The case is {session.case.standing} already."
    if session.case.current_id is None or session.version.task_digest != session.case.current.task_digest:
        return "The case asks something else by now: record it again."
    diagnosis = parse_diagnosis(session.diagnosis) if session.diagnosis else None
    if diagnosis is None or diagnosis.conclusion is Conclusion.INCONCLUSIVE:
        return "It found no root cause, so there is no answer to expect."
    return ""


@transaction.atomic
def propose(session: Session, *, by) -> Case:
    """What the session concludes becomes the case's answer, confirmed by ``by``; a lead's word is then missing.

    A draft counts as cleaned by the same person. The answer a case has stays where it names the same cause. Raises
    LibraryError where the session cannot be proposed, or ``by`` may not; then nothing has changed.
    """
    if reason := why_not(session):
        raise LibraryError(reason)
    case = session.case
    if case.state == Case.State.DRAFT:
        library.mark_cleaned(case, by=by)
    answer = answer_of(session)
    was = case.current.parsed_answer()
    if case.state != Case.State.LABELLED or was is None or set(was.causes) != set(answer.causes):
        library.label(case, answer, by=by)
        case.refresh_from_db()
    if not case.current.confirmations.filter(by=by).exists():
        library.confirm(case, by=by)
    log.note(PROPOSED, by=by, case=case, subject=f"session {session.pk}")
    return case


def answer_of(session: Session) -> Answer:
    """The answer that a session's conclusion makes; what the case said besides the cause stays."""
    diagnosis = parse_diagnosis(session.diagnosis)
    was = session.case.current.parsed_answer() or Answer()
    if diagnosis.conclusion is Conclusion.NO_FAULT:
        return replace(was, conclusion=Conclusion.NO_FAULT, causes=(), title=was.title or "no fault")
    cause = leading(diagnosis)
    return replace(
        was,
        conclusion=Conclusion.ROOT_CAUSE,
        causes=(Cause(cause.component, cause.fault_class),),
        category=was.category or _category_of(cause.fault_class),
        title=was.title or f"{cause.fault_class} of {cause.component}",
        frame=was.frame or diagnosis.frame,
    )


def _category_of(fault_class: str) -> str:
    """The category that the library's cases of this fault class mostly have; "" where it has none."""
    rows = CaseVersion.objects.exclude(category="").order_by("-pk").values_list("category", "answer")[:LOOKED_AT]
    found = Counter(
        category
        for category, answer in rows
        if any(cause.get("fault_class") == fault_class for cause in (answer or {}).get("causes", []))
    )
    return found.most_common(1)[0][0] if found else ""
