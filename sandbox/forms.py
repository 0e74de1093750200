"""Forms of the sandbox's pages: they check shape; what it means is the services' to check."""

from functools import cache

from django import forms
from django.db.models import QuerySet

from cases.models import Session
from sandbox.steering import LONGEST_HINT


class InjectForm(forms.Form):
    """A branch of a person's own: whose first steps it keeps, the call it makes then, and a hint."""

    after = forms.ModelChoiceField(Session.objects.none(), label="Keep the first steps of", empty_label=None)
    steps = forms.IntegerField(label="How many", min_value=0, initial=0, required=False)
    line = forms.CharField(label="Then call", max_length=4000, required=False)
    hint = forms.CharField(label="Hint", max_length=LONGEST_HINT, required=False)

    def __init__(self, *args, sessions, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["after"].queryset = sessions
        self.fields["after"].choices = cache(lambda: _named(sessions))  # a widget goes through its choices twice

    def clean_steps(self):
        return self.cleaned_data["steps"] or 0


def _named(sessions: QuerySet[Session]) -> list[tuple[int, str]]:
    recorded = Session.Origin.RECORDED
    return [
        (pk, "the failed session" if origin == recorded else f"session {pk}")
        for pk, origin in sessions.values_list("pk", "origin")
    ]
