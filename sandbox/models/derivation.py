from django.db import models

from cloudmate.work import Work


class Derivation(Work):
    """What reverse reasoning draws from an expert's session: per step, why it was taken, from the prefix only."""

    guidance = models.OneToOneField("cases.Guidance", models.CASCADE, related_name="derivation")
    engine = models.CharField(max_length=20, default="offline")
    # [{"step", "rationale", "separates", "cites": [step...], "replay": "reproduced|different|not_captured",
    #   "hit_before", "hit_after", "kept", "edited_by"}]
    rationales = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"derivation of {self.guidance}"
