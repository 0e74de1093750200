"""What waits for one person among cases and sessions, and since when."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Coalesce, Now

from cases.access import EXPERT, LEAD, asked_by, closed_to, has_role
from cases.labelling import held_by
from cases.models import Annotation, Case, Confirmation, Evaluation, Session
from cloudmate import prepared
from cloudmate.addresses import address

SHOWN = 5
MANY = 1_000
ALL = Window(Count("*"))  # how many rows there are, beside each of those that are asked for


@dataclass(frozen=True)
class Turn:
    url: str
    title: str
    why: str
    icon: str
    status: str
    since: datetime


def to_confirm(user) -> QuerySet[Case]:
    """Cases whose current version wants a word this person may give: labelled ones, and quarantined ones that changed."""
    given = Confirmation.objects.filter(version=OuterRef("current")).order_by().values("version")
    final = Count("pk", filter=Q(by=user) | Q(bulk=True))  # after such a word this person has none to give
    given = given.annotate(n=Count("pk") + 2 * final)
    cases = Case.objects.filter(state__in=[Case.State.LABELLED, Case.State.QUARANTINED])
    cases = cases.annotate(confirmations_count=Coalesce(Subquery(given.values("n")), 0))
    cases = cases.filter(confirmations_count__lt=2)
    if has_role(user, LEAD):
        return cases
    return cases.filter(confirmations_count=0) if has_role(user, EXPERT) else cases.none()


def to_settle(user) -> QuerySet[Case]:
    """Cases whose quarantine is over and that this person said they would look at."""
    over = Case.objects.filter(state=Case.State.QUARANTINED, quarantined_until__lte=Now())
    return over.filter(quarantine_owner=user)


def to_finish(user) -> QuerySet[Session]:
    return Session.objects.filter(by=user, state=Session.State.RECORDING, actor=Session.Actor.EXPERT)


def to_annotate(user) -> QuerySet[Session]:
    """Failed sessions of agents that no expert has said anything about, on cases no expert has worked."""
    return _nobody_looked_at() if has_role(user, EXPERT) else Session.objects.none()


def _nobody_looked_at() -> QuerySet[Session]:
    by_expert = Session.objects.filter(case=OuterRef("case"), actor=Session.Actor.EXPERT)
    return (
        Session.objects.recorded()
        .finished()
        .filter(Exists(Evaluation.objects.filter(session=OuterRef("pk"), low_scoring=True)), actor=Session.Actor.AGENT)
        .exclude(Q(Exists(by_expert)) | Q(Exists(Annotation.objects.filter(session=OuterRef("pk")))))
    )


def waiting(user) -> int:
    """How many things wait for this person here; each kind counts in full, however few are shown."""
    return to_confirm(user).count() + to_settle(user).count() + to_finish(user).count()


def _some_nobody_looked_at() -> QuerySet[Session]:
    return _nobody_looked_at().order_by("-pk").values("pk")[:MANY]  # unordered, all of them would be looked through


def _longest_to_confirm(user) -> QuerySet[Case]:
    shown = to_confirm(user).select_related("system").only("name", "state", "updated_at", "system__name")
    return shown.annotate(all=ALL).order_by("updated_at")[:SHOWN]


def _longest_to_finish(user) -> QuerySet[Session]:
    shown = to_finish(user).select_related("case").only("state", "started_at", "case__name")
    return shown.order_by("started_at")[:SHOWN]


def _longest_to_settle(user) -> QuerySet[Case]:
    shown = to_settle(user).only("name", "state", "state_reason", "quarantined_until")
    return shown.annotate(all=ALL).order_by("quarantined_until")[:SHOWN]


def _newest_to_annotate(user) -> QuerySet[Session]:
    shown = to_annotate(user).select_related("case__system")
    return shown.only("started_at", "finished_at", "case__name", "case__system__name").order_by("-pk")[: SHOWN + 1]


def turns(user) -> tuple[list[Turn], dict[str, int]]:
    """The longest waiting of each kind, and how many of each kind there are beyond those."""
    confirming, finishing = asked_by(user, _longest_to_confirm), asked_by(user, _longest_to_finish)
    settling, annotating = asked_by(user, _longest_to_settle), asked_by(user, _newest_to_annotate)
    found = [
        Turn(
            one.get_absolute_url(),
            one.name,
            f"wants {'a second' if one.confirmations_count else 'a first'} confirmation · {one.system.name}",
            "shield",
            one.state,
            one.updated_at,
        )
        for one in confirming
    ]
    found += [
        Turn(
            one.get_absolute_url(),
            one.name,
            f"its quarantine is over: restore or retire it · {one.state_reason}",
            "quarantine",
            one.state,
            one.quarantined_until,
        )
        for one in settling
    ]
    found += [
        Turn(
            one.get_absolute_url() + "record/",
            one.case.name,
            "your session is still open",
            "session",
            one.state,
            one.started_at,
        )
        for one in finishing
    ]
    found += [
        Turn(
            one.get_absolute_url(),
            one.case.name,
            f"the agent failed and no expert has looked · {one.case.system.name}",
            "note",
            "failed",
            one.finished_at or one.started_at,
        )
        for one in annotating[:SHOWN]
    ]
    if closed_to(user) is not None and (seat := held_by(user)):
        url = address("cases:label_alone", seat.case_id)
        why = f"your own answer is to be given; until then the case is closed to you · {seat.case.system.name}"
        found.append(Turn(url, seat.case.name, why, "edit", seat.case.state, seat.at))
    # of more than MANY nobody needs to know how many; counting them all would take longer than the page
    unseen = prepared.count(_some_nobody_looked_at) if len(annotating) > SHOWN else 0
    more = {
        "quarantines that are over": settling[0].all - len(settling) if settling else 0,
        "cases to confirm": confirming[0].all - len(confirming) if confirming else 0,
        f"sessions to annotate{', at least' if unseen == MANY else ''}": unseen - SHOWN if unseen else 0,
    }
    return sorted(found, key=lambda turn: turn.since), {what: n for what, n in more.items() if n}
