"""The audit log: the services that change something write who did it, in the same transaction."""

from cases.models import Case, Entry


def note(action: str, *, by, case: Case | None = None, subject: str = "", words: str = "", **undoing) -> Entry:
    """One line. ``undoing``: batch, before and undoes of Entry, where the act can be taken back or takes one back."""
    return Entry.objects.create(by=by, action=action, case=case, subject=subject[:200], words=words[:300], **undoing)
