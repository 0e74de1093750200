"""The forms of score review: the own answer, the decision after it, and what a system counts as low."""

from django import forms


class AnswerForm(forms.Form):
    """What is said besides the answers to the questions, which are named after them."""

    reason = forms.CharField(max_length=2000, required=False)
    flag = forms.CharField(max_length=500, required=False)
    second_opinion = forms.BooleanField(required=False)


class DecisionForm(forms.Form):
    decision = forms.CharField(max_length=8, required=False)
    reason = forms.CharField(max_length=2000, required=False)


class ThresholdsForm(forms.Form):
    system = forms.IntegerField()
    grounded = forms.FloatField(min_value=0, max_value=1)
    intent = forms.FloatField(min_value=0, max_value=1)
    coherence = forms.FloatField(min_value=0, max_value=1)
    same_call = forms.IntegerField(min_value=2, max_value=20)
    barren = forms.IntegerField(min_value=2, max_value=100)
    cost = forms.FloatField(min_value=0.5, max_value=1)
    reviewers = forms.IntegerField(min_value=1, max_value=5)
