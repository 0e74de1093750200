"""What may be done with a case on its way into the library, by whom, and if not, why not."""

from collections.abc import Sequence
from dataclasses import dataclass

from cases.access import EXPERT, LEAD, has_role
from cases.library import is_confirmed
from cases.models import Case, Confirmation

PATH = (Case.State.DRAFT, Case.State.CLEANED, Case.State.LABELLED, Case.State.CONFIRMED)


@dataclass(frozen=True)
class Action:
    """A button of the case page; ``why`` says what is missing where it cannot be pressed."""

    name: str  # the URL name in cases
    label: str
    icon: str
    why: str = ""
    needs_reason: bool = False
    danger: bool = False
    is_page: bool = False  # leads to a form of its own


@dataclass(frozen=True)
class Stage:
    state: str
    label: str
    reached: bool
    current: bool


def stages(case: Case) -> tuple[Stage, ...]:
    """The way from draft to confirmed; quarantined and retired cases have been all the way."""
    at = PATH.index(case.state) if case.state in PATH else len(PATH)
    return tuple(
        Stage(state, state.label, reached=number <= at, current=number == at) for number, state in enumerate(PATH)
    )


def why_not_confirm(case: Case, confirmations: Sequence[Confirmation], user) -> str:
    """Empty where ``user`` may confirm now. An expert or lead is first, another person who is a lead second."""
    if case.ambiguity == Case.Ambiguity.AMBIGUOUS:
        return "People who labelled it disagree: settle that first."
    given = [confirmation.by_id for confirmation in confirmations]
    if user.pk in given:
        return "You have confirmed this version. Another person, who is a lead, gives the second word."
    if given and not has_role(user, LEAD):
        return "The second confirmation is a lead's."
    if not has_role(user, EXPERT, LEAD):
        return "The first confirmation is an expert's or a lead's."
    return ""


def actions(case: Case, confirmations: Sequence[Confirmation], user) -> tuple[Action, ...]:
    maker = "" if has_role(user, EXPERT, LEAD) else "An expert or a lead does this."
    lead = "" if has_role(user, LEAD) else "A lead does this."
    confirm = Action(
        "confirm",
        "Give the second confirmation" if confirmations else "Confirm",
        "shield",
        why_not_confirm(case, confirmations, user),
    )
    settled = case.state == Case.State.QUARANTINED and is_confirmed(case.current)
    back = Action("restore", "Restore", "shield", lead, needs_reason=True) if settled else confirm
    relabel = Action("label", "Change the answer", "edit", maker, is_page=True)
    retire = Action("retire", "Retire", "retired", lead, needs_reason=True, danger=True)
    return {
        Case.State.DRAFT: (Action("clean", "Mark as cleaned", "clean", maker),),
        Case.State.CLEANED: (Action("label", "Label with the answer", "tag", maker, is_page=True),),
        Case.State.LABELLED: (confirm, relabel),
        Case.State.CONFIRMED: (
            Action("quarantine", "Quarantine", "quarantine", lead, needs_reason=True),
            retire,
            relabel,
        ),
        Case.State.QUARANTINED: (back, retire, relabel),
        Case.State.RETIRED: (),
    }[Case.State(case.state)]
