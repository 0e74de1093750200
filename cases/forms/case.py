"""The forms of a case: its answer."""

from django import forms
from django.forms import formset_factory

from cases.diagnosis import Answer, Cause, Conclusion

WORDS = {
    Conclusion.ROOT_CAUSE: "There is a root cause",
    Conclusion.NO_FAULT: "Nothing is wrong",
    Conclusion.INCONCLUSIVE: "It cannot be told from the evidence",
}


class CauseForm(forms.Form):
    component = forms.CharField(max_length=200, required=False, label="Component")
    fault_class = forms.CharField(
        max_length=80,
        required=False,
        label="Fault class",
        widget=forms.TextInput(attrs={"list": "fault-classes", "autocomplete": "off"}),
    )


class CauseFormSet(formset_factory(CauseForm, extra=1)):
    def causes(self) -> tuple[Cause, ...]:
        """The rows that say something."""
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data]
        return tuple(
            Cause(row["component"], row["fault_class"]) for row in rows if row["component"] or row["fault_class"]
        )


class AnswerForm(forms.Form):
    """What a right diagnosis says. Only evaluation and people with a role ever see it."""

    title = forms.CharField(max_length=200, required=False, label="In one sentence")
    conclusion = forms.ChoiceField(
        choices=[(one.value, WORDS[one]) for one in Conclusion], label="A right diagnosis concludes"
    )
    category = forms.CharField(
        max_length=80,
        required=False,
        label="Fault category",
        help_text="The coarse group that the library's map counts by.",
        widget=forms.TextInput(attrs={"list": "categories", "autocomplete": "off"}),
    )
    expected = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Expected statements",
        help_text="One a line. Judged where no cause is structured.",
    )
    must_mention = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 2}), label="Must mention", help_text="One a line."
    )
    must_not_mention = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 2}), label="Must not mention", help_text="One a line."
    )
    notes = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}), label="Notes for people")

    @staticmethod
    def initial_of(answer: Answer | None) -> dict:
        if answer is None:
            return {}
        return {
            "title": answer.title,
            "conclusion": answer.conclusion.value,
            "category": answer.category,
            "expected": "\n".join(answer.expected),
            "must_mention": "\n".join(answer.must_mention),
            "must_not_mention": "\n".join(answer.must_not_mention),
            "notes": answer.notes,
        }

    def _lines(self, name: str) -> tuple[str, ...]:
        return tuple(line.strip() for line in self.cleaned_data[name].splitlines() if line.strip())

    def answer(self, causes: tuple[Cause, ...], *, was: Answer | None) -> Answer:
        """The answer as typed; aliases and frame, which have no field here, stay what they were."""
        return Answer(
            conclusion=Conclusion(self.cleaned_data["conclusion"]),
            causes=causes,
            expected=self._lines("expected"),
            must_mention=self._lines("must_mention"),
            must_not_mention=self._lines("must_not_mention"),
            aliases=was.aliases if was else {},
            category=self.cleaned_data["category"],
            title=self.cleaned_data["title"],
            notes=self.cleaned_data["notes"],
            frame=was.frame if was else {},
        )


class OwnAnswerForm(forms.Form):
    """A person's own answer, given without the one that stands; the causes are a CauseFormSet beside it."""

    conclusion = forms.ChoiceField(
        choices=[(one.value, WORDS[one]) for one in Conclusion], label="A right diagnosis concludes"
    )
    expected = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="In your words",
        help_text="One statement a line. Only causes can be compared by code.",
    )
    informed = forms.BooleanField(
        required=False,
        label="I knew the answer that stands before I took the case",
        help_text="Then it is kept, and not counted as a second opinion.",
    )

    def answer(self, causes: tuple[Cause, ...]) -> Answer:
        said = tuple(line.strip() for line in self.cleaned_data["expected"].splitlines() if line.strip())
        return Answer(conclusion=Conclusion(self.cleaned_data["conclusion"]), causes=causes, expected=said)
