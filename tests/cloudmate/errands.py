"""A kind of work that only tests know."""

from django.db import models

from cloudmate.work import Work, WorkQuerySet


class Errand(Work):
    result = models.CharField(max_length=20, blank=True)
    objects = WorkQuerySet.as_manager()

    class Meta:
        app_label = "cloudmate"

    def __str__(self):
        return f"errand {self.pk}"
