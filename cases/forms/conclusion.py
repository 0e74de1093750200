"""The structured diagnosis as a form: root causes, claims that cite, how one leads to the other, what to do."""

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory

from cases.ansi import plain
from cases.diagnosis import ClaimKind, Conclusion, Diagnosis, DiagnosisError, MitigationKind, Relation
from cases.forms.case import WORDS
from cases.models import Annotation, Session
from cases.parsing import parse_diagnosis

CLAIMS = 24  # at most
CLAIM_IDS = [(f"c{number}", f"claim {number}") for number in range(1, CLAIMS + 1)]
KINDS = {
    ClaimKind.OBSERVATION: "I saw",
    ClaimKind.INFERENCE: "I infer",
    ClaimKind.EXCLUSION: "I rule out",
    ClaimKind.MITIGATION: "It would help to",
}
RELATIONS = {Relation.CAUSES: "causes", Relation.AMPLIFIES: "amplifies", Relation.MASKS: "masks"}
REMEDIES = {MitigationKind.CAUSAL: "removes the cause", MitigationKind.SYMPTOMATIC: "eases a symptom"}


def claim_choice(label: str, *, empty: str = "—") -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=[("", empty), *CLAIM_IDS],
        required=False,
        label=label,
        widget=forms.Select(attrs={"data-claims": ""}),
    )


class ConclusionForm(forms.Form):
    conclusion = forms.ChoiceField(choices=[(one.value, WORDS[one]) for one in Conclusion], label="Conclusion")
    summary = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 2}), label="In two sentences, for the next person"
    )
    missing = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="What would settle it",
        help_text="Where it cannot be told: one a line.",
    )
    symptom = forms.CharField(max_length=300, required=False, label="Symptom, as you understood it")
    scope = forms.CharField(max_length=300, required=False, label="Scope: what you looked into")
    unsupported = forms.BooleanField(required=False, label="I know, and finish all the same")


class RootCauseForm(forms.Form):
    component = forms.CharField(max_length=200, required=False, label="Component")
    fault_class = forms.CharField(
        max_length=80,
        required=False,
        label="Fault class",
        widget=forms.TextInput(attrs={"list": "fault-classes", "autocomplete": "off"}),
    )
    mechanism = forms.CharField(max_length=500, required=False, label="How it breaks things")
    confidence = forms.FloatField(
        min_value=0,
        max_value=1,
        required=False,
        label="Sure, 0–1",
        widget=forms.NumberInput(attrs={"step": "0.05", "min": 0, "max": 1}),
    )
    claim = claim_choice("Carried by")

    def clean(self):
        """Both halves of a root cause, or neither."""
        said = super().clean()
        if said.get("component") and not said.get("fault_class"):
            self.add_error("fault_class", "Name the fault class: one of the list, or your own word.")
        if said.get("fault_class") and not said.get("component"):
            self.add_error("component", "Name the component, as the tools call it.")
        return said


class ClaimForm(forms.Form):
    kind = forms.ChoiceField(choices=[(one.value, words) for one, words in KINDS.items()], label="Kind")
    text = forms.CharField(max_length=1000, required=False, label="What you hold true")
    evidence = forms.MultipleChoiceField(required=False, label="It rests on", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, marks=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["evidence"].choices = marks


class LinkForm(forms.Form):
    cause = claim_choice("Claim")
    relation = forms.ChoiceField(choices=[(one.value, words) for one, words in RELATIONS.items()], label="leads how")
    effect = claim_choice("to claim")


class MitigationForm(forms.Form):
    action = forms.CharField(max_length=500, required=False, label="What to do")
    addresses = claim_choice("Addresses")
    kind = forms.ChoiceField(choices=[(one.value, words) for one, words in REMEDIES.items()], label="It")


class RejectedForm(forms.Form):
    hypothesis = forms.CharField(max_length=500, required=False, label="Explanation you ruled out")
    reason = forms.CharField(max_length=500, required=False, label="Because")


class Conclusions:
    """The whole form: one of each part, bound or not, and the Diagnosis they make together."""

    def __init__(self, session: Session, data=None):
        self.session = session
        self.marks = list(
            session.annotations.filter(kind=Annotation.Kind.EVIDENCE)
            .select_related("step")
            .order_by("step__index", "pk")
        )
        choices = [(str(one.pk), f"step {one.step.index + 1}: {plain(one.quote)[:120]}") for one in self.marks]
        ruled_out = [
            {"hypothesis": one.text}
            for one in session.annotations.filter(
                kind=Annotation.Kind.HYPOTHESIS, hypothesis_state=Annotation.HypothesisState.RULED_OUT
            )
        ]

        def part(form, prefix: str, *, extra: int = 1, initial=(), **kwargs) -> BaseFormSet:
            return formset_factory(form, extra=extra)(data, prefix=prefix, initial=list(initial), form_kwargs=kwargs)

        self.form = ConclusionForm(data)
        self.causes = part(RootCauseForm, "causes")
        self.claims = part(ClaimForm, "claims", extra=2, marks=choices)
        self.links = part(LinkForm, "links")
        self.mitigations = part(MitigationForm, "mitigations")
        self.rejected = part(RejectedForm, "rejected", extra=0 if ruled_out else 1, initial=ruled_out)
        self.parts = (self.form, self.causes, self.claims, self.links, self.mitigations, self.rejected)

    def diagnosis(self) -> Diagnosis | None:
        """The diagnosis as typed; None, with the errors on the form, where it is not in its form yet."""
        if not all([part.is_valid() for part in self.parts]):  # every part shows its own errors
            self.form.add_error(None, "Something is missing below: it is marked.")
            return None
        concluded = self.form.cleaned_data["conclusion"]
        if concluded == Conclusion.ROOT_CAUSE and not any(row.get("component") for row in _rows(self.causes)):
            self.form.add_error(None, "Name the root cause, its component and its fault class; or conclude otherwise.")
            return None
        try:
            return parse_diagnosis(self._data())
        except DiagnosisError as error:
            self.form.add_error(None, str(error))
            return None

    def draft(self) -> Diagnosis | None:
        """The diagnosis as far as it is written: rows that are not whole yet are left out; None where that is nothing."""
        for part in self.parts:
            part.is_valid()
        data = self._data()
        known = {claim["id"] for claim in data["claims"]}
        data["root_causes"] = [
            row | {"claim": row.get("claim") if row.get("claim") in known else ""}
            for row in data["root_causes"]
            if row.get("component") and row.get("fault_class")
        ]
        data["chain"] = [row for row in data["chain"] if {row.get("cause"), row.get("effect")} <= known]
        data["mitigations"] = [
            row | {"addresses": row.get("addresses") if row.get("addresses") in known else ""}
            for row in data["mitigations"]
        ]
        if not (data["claims"] or data["root_causes"]):
            return None
        if not data["root_causes"]:  # not named yet, so the claims alone are there to check
            data["conclusion"] = Conclusion.INCONCLUSIVE
        try:
            return parse_diagnosis(data)
        except DiagnosisError:
            return None

    def _data(self) -> dict[str, Any]:
        head = {
            "conclusion": Conclusion.ROOT_CAUSE,
            "summary": "",
            "missing": "",
            "symptom": "",
            "scope": "",
        } | self.form.cleaned_data
        refs = {str(one.pk): {"step": one.step.index, "quote": one.quote} for one in self.marks}
        claims = [
            {
                "id": f"c{number}",
                "kind": row.get("kind") or ClaimKind.OBSERVATION,
                "text": row["text"],
                "refs": [refs[pk] for pk in row.get("evidence", ())],
            }
            for number, row in enumerate(_rows(self.claims), 1)
            if row.get("text")
        ]
        return {
            "conclusion": head["conclusion"],
            "summary": head["summary"],
            "missing": [line.strip() for line in head["missing"].splitlines() if line.strip()],
            "frame": {name: head[name] for name in ("symptom", "scope") if head[name]},
            "root_causes": [row for row in _rows(self.causes) if row.get("component") or row.get("fault_class")],
            "claims": claims,
            "chain": [row for row in _rows(self.links) if row.get("cause") or row.get("effect")],
            "mitigations": [row for row in _rows(self.mitigations) if row.get("action")],
            "rejected": [row for row in _rows(self.rejected) if row.get("hypothesis")],
        }


def _rows(formset: BaseFormSet) -> list[dict[str, Any]]:
    return [form.cleaned_data for form in formset.forms]
