"""What a lead says when doing something to many cases, or quarantining one."""

from datetime import datetime, time, timedelta

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone

from cases.access import EXPERT, LEAD
from cases.curation import LONGEST_TAG
from cases.library import QUARANTINE


def minders():
    """Who may look after a quarantined case."""
    people = get_user_model().objects.filter(is_active=True, groups__name__in=[EXPERT, LEAD])
    return people.distinct().only("username").order_by("username")


def usual_end():
    return timezone.localdate() + QUARANTINE


class QuarantineForm(forms.Form):
    """``cleaned_data`` is what cases.library.quarantine takes: the end is the last moment of the day."""

    reason = forms.CharField(
        max_length=300,
        label="Reason",
        error_messages={"required": "Say why in a few words: the next person reads it."},
    )
    owner = forms.ModelChoiceField(None, required=False, label="Who looks at it", empty_label="I do")
    until = forms.DateField(
        required=False, label="Until", error_messages={"invalid": "Write the day as 2030-12-31, or leave it out."}
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = minders()

    def clean_until(self):
        day = self.cleaned_data["until"]
        if day is None:
            return None
        if not timezone.localdate() <= day <= timezone.localdate() + timedelta(days=366):
            raise forms.ValidationError("The end is a day from today on, within a year.")
        return timezone.make_aware(datetime.combine(day, time.max))


class ReasonForm(forms.Form):
    """Restore, retire: each wants a reason that the next person can act on."""

    reason = QuarantineForm.base_fields["reason"]


class TagForm(forms.Form):
    name = forms.CharField(
        max_length=LONGEST_TAG, label="Tag", error_messages={"required": "Write the tag to put on them."}
    )


class NothingForm(forms.Form):
    """Nothing to say: the name stands for it."""
