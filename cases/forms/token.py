from django import forms

from cases.models import System


class TokenForm(forms.Form):
    """Which agent a token is for, and how far it reaches."""

    name = forms.CharField(max_length=120, label="Agent", help_text="Which agent signs in with it")
    system = forms.ModelChoiceField(
        System.objects.all(),
        required=False,
        empty_label="every system",
        help_text="The token reaches cases of this system only",
    )
