"""How good a session was: two tracks, never one number."""

from django.conf import settings
from django.db import models


class Evaluation(models.Model):
    """One evaluation of one finished session by one evaluator version. Append-only; the newest counts."""

    class Verdict(models.TextChoices):
        """Did the session find it, and can it be believed."""

        SUCCESS = "success", "Success"  # right and grounded
        LUCKY = "lucky", "Lucky"  # right, not grounded: never learned from
        SYMPTOM_ONLY = "symptom_only", "Symptom only"  # mitigates, explains nothing
        INCONCLUSIVE = "inconclusive", "Inconclusive"  # says what is missing
        WRONG = "wrong", "Wrong"
        TAINTED = "tainted", "Tainted"  # a miss on which the conclusion rests
        UNSCORED = "unscored", "Unscored"  # no answer to measure against, or it could not be judged

    session = models.ForeignKey("cases.Session", models.CASCADE, related_name="evaluations")
    # the case version whose answer it was measured against: a case labelled later is measured again
    version = models.ForeignKey("cases.CaseVersion", models.PROTECT, related_name="evaluations")
    evaluator = models.CharField(max_length=64)  # evaluator version: code version + judge digest
    judge = models.CharField(max_length=200, blank=True)  # model + prompt digest; "" = deterministic only
    verdict = models.CharField(max_length=12, choices=Verdict)
    correct = models.BooleanField(null=True)  # None = nothing to measure against, or not settled
    grounded = models.FloatField(null=True)  # 0..1; None = unscored
    metrics = models.JSONField(default=dict)  # objective track, name -> value or null
    findings = models.JSONField(default=list)  # [{"code", "text", "step", "claim"}] each break named
    reasons = models.JSONField(default=list)  # reason codes why it is low-scoring
    low_scoring = models.BooleanField(default=False)
    signature = models.CharField(max_length=64, blank=True, db_index=True)  # failures alike share it
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "version", "evaluator"], name="evaluation_once_per_version")
        ]
        indexes = [
            models.Index(fields=["session"], condition=models.Q(low_scoring=True), name="evaluation_low"),
            models.Index(
                fields=["signature", "session"], condition=models.Q(low_scoring=True), name="evaluation_low_alike"
            ),
            models.Index(fields=["session"], condition=~models.Q(judge=""), name="evaluation_judged"),
        ]

    def __str__(self):
        return f"{self.session}: {self.verdict}"


class Score(models.Model):
    """One judged dimension. ``value`` None is *unscored*: counted and shown, never zero."""

    class Dimension(models.TextChoices):
        EVIDENCE = "evidence", "Evidence completeness"
        COHERENCE = "coherence", "Logical coherence"
        INTENT = "intent", "Intent understanding"
        GUESS = "guess", "Guess test"

    evaluation = models.ForeignKey(Evaluation, models.CASCADE, related_name="scores")
    dimension = models.CharField(max_length=10, choices=Dimension)
    source = models.CharField(max_length=14)  # deterministic | judge
    value = models.FloatField(null=True)  # 0..1
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True)  # judge: question, answer, quotes, raw reply digest

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "dimension", "source"], name="score_once"),
            models.CheckConstraint(
                condition=models.Q(value__isnull=True) | models.Q(value__gte=0, value__lte=1), name="score_0_to_1"
            ),
        ]
        indexes = [models.Index(fields=["evaluation"], condition=models.Q(dimension="guess"), name="score_of_guess")]

    def __str__(self):
        return f"{self.dimension} {self.value}"


class ScoreReview(models.Model):
    """A person's own score of a dimension, beside the judge's. The newest of a person counts. Append-only."""

    score = models.ForeignKey(Score, models.CASCADE, related_name="reviews")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    value = models.FloatField()  # 0..1
    reason = models.TextField(blank=True)
    blind = models.BooleanField(default=False)  # given before the judge's was shown
    answers = models.JSONField(default=dict, blank=True)  # question id -> yes | no | insufficient
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(value__gte=0, value__lte=1), name="score_review_0_to_1")
        ]

    def __str__(self):
        return f"{self.by}: {self.value}"
