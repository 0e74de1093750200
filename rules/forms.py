"""What people type about rules; the words of a rule are checked by the language itself."""

from dataclasses import dataclass

from django import forms

from rules import patches
from rules.models import Review
from sandbox.knowledge.language import RuleSyntaxError
from sandbox.knowledge.rule import Rule


@dataclass(frozen=True)
class Place:
    """The line that cannot be read, in three pieces around the word in question."""

    line: int
    before: str
    word: str
    after: str


def place_of(problem: RuleSyntaxError, text: str) -> Place:
    lines = text.splitlines() or [""]
    line = min(max(problem.line, 1), len(lines))
    written = lines[line - 1]
    start = min(max(problem.column - 1, 0), len(written))
    end = start + len(problem.word) if written[start:].startswith(problem.word) else start
    return Place(line, written[:start], written[start:end], written[end:])


class RuleTextForm(forms.Form):
    """Rules to add, as text, JSON or Markdown, and names to remove."""

    place: Place | None = None

    text = forms.CharField(
        required=False,
        label="Rules to add or replace",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false"}),
        help_text="RULE name WHEN … THEN … BECAUSE “…”. A rule of the same name is replaced. JSON and Markdown of rules are read, too. Ctrl+Space completes.",
    )
    remove = forms.CharField(
        required=False, label="Rules to remove", max_length=4000, help_text="Names, separated by commas"
    )

    def rules(self) -> tuple[Rule, ...]:
        """The rules of the text; PatchError where it cannot be read, and ``place`` then shows where."""
        text = self.cleaned_data["text"]
        try:
            return patches.rules_from_text(text) if text.strip() else ()
        except patches.PatchError as problem:
            if isinstance(problem.__cause__, RuleSyntaxError):
                self.place = place_of(problem.__cause__, text)
            raise

    def removed(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.cleaned_data["remove"].split(",") if name.strip())


class RuleForm(RuleTextForm):
    """A change of rules with its title, and why."""

    title = forms.CharField(max_length=200, help_text="What changes, in a line")
    note = forms.CharField(
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Why",
        help_text="For the reviewer",
    )

    field_order = ("title", "text", "remove", "note")


class ReviewForm(forms.Form):
    decision = forms.ChoiceField(choices=Review.Decision.choices)
    reason = forms.ChoiceField(choices=Review.Reason.choices, required=False)
    words = forms.CharField(required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)  # the one the person has read


class CommentForm(forms.Form):
    """``place`` is what is spoken of, ``tab`` the one to come back to; ``pending`` holds it back."""

    text = forms.CharField(max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    place = forms.CharField(required=False, max_length=200)
    tab = forms.ChoiceField(required=False, choices=[("diff", "Diff"), ("evidence", "Evidence")])
    pending = forms.BooleanField(required=False)


class TakeOnForm(forms.Form):
    reason = forms.CharField(max_length=300)
