from django.conf import settings
from django.db import models

from cloudmate.work import Work


class KnowledgeValue(models.Model):
    """A set of rules the sandbox has run with, stored once under its digest. Append-only.

    What sandbox knows of knowledge: a value. How rules come and go is the rules app's.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    rules = models.JSONField(default=list)  # sandbox.knowledge.language.as_data of each rule

    def __str__(self):
        return f"{len(self.rules)} rules, {self.digest[:12]}"


class Run(Work):
    """One attempt of the sandbox to produce a session. All inputs are frozen here when it is asked for."""

    case_version = models.ForeignKey("cases.CaseVersion", models.PROTECT, related_name="runs")
    snapshot = models.ForeignKey("sandbox.Snapshot", models.PROTECT, related_name="runs")
    knowledge = models.ForeignKey(KnowledgeValue, models.PROTECT, related_name="runs")
    origin = models.CharField(max_length=12, default="recorded")  # cases Session.Origin
    engine = models.CharField(max_length=20, default="offline")
    seed = models.PositiveIntegerField(default=0)
    profile = models.JSONField(default=dict, blank=True)
    budget = models.JSONField(default=dict, blank=True)
    session = models.OneToOneField("cases.Session", models.SET_NULL, null=True, blank=True, related_name="run")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "leased_until"])]

    def __str__(self):
        return f"run {self.pk} on {self.case_version}"
