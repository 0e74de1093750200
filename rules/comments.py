"""What people say of a patch: of the whole, of a line of its diff, of a step it was learned from.

A comment may be held back until its writer sends all they hold, or decides. Only what was sent
is seen by others and holds up a merge.
"""

from django.utils import timezone

from cases.access import require_role
from cases.models import Session
from rules import patches, versions
from rules.diffs import diff_of
from rules.models import Patch, PatchComment

MAKERS = ("expert", "reviewer", "lead")


class CommentError(Exception):
    """A comment that cannot be made or changed; the message says why."""


def comment(patch: Patch, *, by, text: str, place: str = "", pending: bool = False) -> PatchComment:
    """Say something of ``place`` (line:RULE:NUMBER, step:SESSION:INDEX, "" for the whole), quoting what stands there.

    Raises CommentError where nothing is said, or nothing stands there.
    """
    require_role(by, *MAKERS)
    if not text.strip():
        raise CommentError("Write something before sending a comment")
    quote = quote_at(patch, place) if place else ""
    return PatchComment.objects.create(
        patch=patch,
        text=text.strip(),
        by=by,
        place=place,
        quote=quote[:300],
        pending=pending,
        revision_number=patch.revision_number,
    )


def send(patch: Patch, *, by) -> int:
    """Show everybody what this person held back on ``patch``; return how many comments that were."""
    return patch.comments.filter(by=by, pending=True).update(pending=False, at=timezone.now())


def withdraw(comment: PatchComment, *, by) -> None:
    """Drop a comment that was not sent yet. Raises CommentError for one that was, or for somebody else's."""
    if comment.by_id != by.pk or not comment.pending:
        raise CommentError("Only a comment of yours that was not sent yet can be dropped: resolve it instead")
    comment.delete()


def resolve(comment: PatchComment, *, by) -> None:
    require_role(by, *MAKERS)
    PatchComment.objects.filter(pk=comment.pk, pending=False, resolved_at=None).update(
        resolved_at=timezone.now(), resolved_by=by
    )


def reopen(comment: PatchComment, *, by) -> None:
    require_role(by, *MAKERS)
    PatchComment.objects.filter(pk=comment.pk).update(resolved_at=None, resolved_by=None)


def quote_at(patch: Patch, place: str) -> str:
    """What stands at ``place`` now. Raises CommentError where nothing does."""
    kind, _, rest = place.partition(":")
    name, _, number = rest.rpartition(":")
    if kind == "line" and number.isdecimal():
        diff = diff_of(versions.knowledge(patch.base), patches.candidate_of(patch))
        for item in diff["changes"]:
            if item.change.name == name and int(number) < len(item.lines):
                return item.lines[int(number)].text
    if kind == "step" and name.isdecimal() and number.isdecimal() and int(name) in (patch.failed_id, patch.better_id):
        step = Session.objects.get(pk=int(name)).steps.filter(index=int(number)).first()
        if step is not None:
            return f"step {step.index + 1} of session {name}: {step.tool}"
    raise CommentError("Nothing stands at this place any more: look at the patch again")
