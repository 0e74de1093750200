"""The forms of a session: what people say of it and of its steps."""

from django import forms


class AnnotationForm(forms.Form):
    kind = forms.CharField(max_length=10)
    step = forms.IntegerField(min_value=0, required=False)
    line = forms.IntegerField(min_value=1, required=False)  # where the passage was selected
    text = forms.CharField(max_length=10_000, required=False)
    quote = forms.CharField(max_length=20_000, required=False, strip=False)


class StepForm(forms.Form):
    """Why a call was made, and what became of it."""

    why = forms.CharField(max_length=5000, required=False)
    key_evidence = forms.BooleanField(required=False)
    dead_end = forms.BooleanField(required=False)


class ScoreForm(forms.Form):
    value = forms.FloatField(
        min_value=0,
        max_value=1,
        error_messages={
            "required": "Give a score from 0 to 1.",
            "invalid": "A score is a number from 0 to 1.",
            "min_value": "A score is not below 0.",
            "max_value": "A score is not above 1.",
        },
    )
    reason = forms.CharField(
        max_length=2000, error_messages={"required": "Say why in a few words: it is what the judge learns from."}
    )
