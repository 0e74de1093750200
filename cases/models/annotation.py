from django.conf import settings
from django.db import models


class Annotation(models.Model):
    """What a person says of a session, a step, or a span of its return."""

    class Kind(models.TextChoices):
        NOTE = "note", "Note"
        EVIDENCE = "evidence", "Evidence"
        HYPOTHESIS = "hypothesis", "Hypothesis"
        DEAD_END = "dead_end", "Dead end"

    class HypothesisState(models.TextChoices):
        OPEN = "open", "Open"
        SUPPORTED = "supported", "Supported"
        RULED_OUT = "ruled_out", "Ruled out"

    session = models.ForeignKey("cases.Session", models.CASCADE, related_name="annotations")
    step = models.ForeignKey("cases.Step", models.CASCADE, null=True, blank=True, related_name="annotations")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField(blank=True)
    quote = models.TextField(blank=True)
    start = models.PositiveIntegerField(null=True, blank=True)  # character offsets in the raw return
    end = models.PositiveIntegerField(null=True, blank=True)
    hypothesis_state = models.CharField(max_length=10, choices=HypothesisState, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(start__isnull=True, end__isnull=True)
                | models.Q(start__isnull=False, end__gt=models.F("start")),
                name="annotation_span_whole",
            )
        ]

    def __str__(self):
        return f"{self.kind} on {self.session}"


class Bearing(models.Model):
    """A passage of evidence speaks for a hypothesis, or against it."""

    class Stance(models.TextChoices):
        FOR = "for", "For"
        AGAINST = "against", "Against"

    evidence = models.ForeignKey(Annotation, models.CASCADE, related_name="bearings")
    hypothesis = models.ForeignKey(Annotation, models.CASCADE, related_name="borne_by")
    stance = models.CharField(max_length=7, choices=Stance)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["evidence", "hypothesis"], name="bearing_once")]

    def __str__(self):
        return f"{self.evidence} {self.stance} {self.hypothesis}"
