"""Forms of the lab's pages."""

from django import forms

from sandbox import incidents
from sandbox.lab import case, drawing
from sandbox.models import LiveIncident


class BeginForm(forms.Form):
    """Which incident, how fast, and whether it has begun."""

    system = forms.ChoiceField(label="System")
    category = forms.ChoiceField(label="Fault category", required=False)
    level = forms.ChoiceField(label="Difficulty", required=False)
    begins = forms.ChoiceField(
        label="You come in",
        choices=[
            (incidents.PAGED, "when the first alert fires"),
            (incidents.QUIET, "while all is still well"),
        ],
    )
    pace = forms.TypedChoiceField(label="Pace", choices=LiveIncident.Pace.choices, coerce=int, initial=5)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        surprise = ("", "Surprise me")
        self.fields["system"].choices = [(name, name) for name in case.SYSTEMS]
        self.fields["category"].choices = [surprise, *((name, name.capitalize()) for name in drawing.categories())]
        self.fields["level"].choices = [surprise, *LiveIncident.Level.choices]


class ClockForm(forms.Form):
    pace = forms.TypedChoiceField(choices=LiveIncident.Pace.choices, coerce=int, required=False, empty_value=None)
    running = forms.TypedChoiceField(
        choices=[("yes", "on"), ("no", "off")], coerce=lambda said: said == "yes", required=False, empty_value=None
    )
