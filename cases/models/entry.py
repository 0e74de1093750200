from django.conf import settings
from django.db import models


class Entry(models.Model):
    """A line of the audit log: who did what to what, and when. Append-only: what is undone gets a line of its own."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")  # None: a worker
    at = models.DateTimeField(auto_now_add=True)
    action = models.CharField(max_length=40)  # confirmed, quarantined, tagged, token made ...
    case = models.ForeignKey("cases.Case", models.CASCADE, null=True, blank=True, related_name="entries")
    subject = models.CharField(max_length=200, blank=True)  # what it was done to, where that is no case
    words = models.CharField(max_length=300, blank=True)  # the reason, or what was given
    batch = models.CharField(max_length=32, blank=True, db_index=True)  # of one click on many rows; "" = by itself
    before = models.JSONField(default=dict, blank=True)  # fields as they were, of what can be undone
    undoes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="undone_by")

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "entries"

    def __str__(self):
        return f"{self.by or 'a worker'} {self.action} {self.case or self.subject}"
