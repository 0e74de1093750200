"""Forms of the sandbox's pages: they check shape; what it means is the services' to check."""

from django import forms

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
        self.fields["after"].label_from_instance = lambda session: (
            "the failed session" if session.origin == Session.Origin.RECORDED else f"session {session.pk}"
        )

    def clean_steps(self):
        return self.cleaned_data["steps"] or 0
