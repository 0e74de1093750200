"""What people type about rules; the words of a rule are checked by the language itself."""

from django import forms

from rules.models import Review


class RuleForm(forms.Form):
    """A rule as text, the title of the change, and why."""

    title = forms.CharField(max_length=200, help_text="What changes, in a line")
    text = forms.CharField(
        required=False,
        label="Rules to add or replace",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false"}),
        help_text="RULE name WHEN … THEN … BECAUSE “…”. A rule of the same name is replaced.",
    )
    remove = forms.CharField(
        required=False, label="Rules to remove", max_length=4000, help_text="Names, separated by commas"
    )
    note = forms.CharField(
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Why",
        help_text="For the reviewer",
    )

    def removed(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.cleaned_data["remove"].split(",") if name.strip())


class ReviewForm(forms.Form):
    decision = forms.ChoiceField(choices=Review.Decision.choices)
    reason = forms.ChoiceField(choices=Review.Reason.choices, required=False)
    words = forms.CharField(required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class CommentForm(forms.Form):
    text = forms.CharField(max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class TakeOnForm(forms.Form):
    reason = forms.CharField(max_length=300)
