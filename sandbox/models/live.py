from django.db import models

from cloudmate.addresses import address


class LiveIncidentQuerySet(models.QuerySet):
    def of(self, user):
        """Those this person worked on."""
        return self.filter(session__by=user)

    def told(self):
        """With everything a row of the history shows."""
        return self.select_related("session__by", "session__case", "session__version").prefetch_related(
            "session__evaluations", "actions"
        )


class LiveIncident(models.Model):
    """A lab incident that a person works on while its clock runs.

    What is seen in it follows from system, fault, seed, actions and the clock: nothing else is kept. The clock
    stood at ``minute_at`` when it was last set, at ``since``, and runs ``pace`` times as fast as a wall clock from
    there; ``since`` is null while it stands still.
    """

    class Pace(models.IntegerChoices):
        REAL = 1, "1×"
        FAST = 5, "5×"
        RUSH = 20, "20×"

    class Level(models.TextChoices):
        EASY = "easy", "Easy: the alert names the component at fault"
        MEDIUM = "medium", "Medium: the cause is one step away"
        HARD = "hard", "Hard: far away, or nothing is broken"

    session = models.OneToOneField("cases.Session", models.CASCADE, related_name="live_incident")
    system = models.CharField(max_length=40)
    fault = models.CharField(max_length=80)
    seed = models.PositiveIntegerField()
    level = models.CharField(max_length=6, choices=Level)
    began = models.PositiveIntegerField()  # the minute in which the person came in
    pace = models.PositiveSmallIntegerField(choices=Pace, default=Pace.REAL)
    minute_at = models.FloatField()
    since = models.DateTimeField(null=True, blank=True)
    baseline = models.ForeignKey("cases.Case", models.SET_NULL, null=True, blank=True, related_name="+")

    objects = LiveIncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"live incident {self.pk} on {self.system}"

    def get_absolute_url(self):
        return address("sandbox:incident", self.pk)


class LiveAction(models.Model):
    """What a person did to the system of a live incident; it works from ``minute`` on. Append-only."""

    incident = models.ForeignKey(LiveIncident, models.CASCADE, related_name="actions")
    minute = models.PositiveIntegerField()
    tool = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    step = models.OneToOneField("cases.Step", models.CASCADE, related_name="+")

    class Meta:
        ordering = ["incident", "pk"]

    def __str__(self):
        return f"{self.tool} in minute {self.minute}"
