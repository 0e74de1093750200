from django.conf import settings
from django.db import models


class AgentToken(models.Model):
    """What an agent signs in with. Only its hash is kept; the token itself is shown once."""

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12, unique=True)  # shown, to recognise it
    hashed = models.CharField(max_length=64, unique=True)  # sha256 of a 256-bit random token
    system = models.ForeignKey("cases.System", models.CASCADE, null=True, blank=True, related_name="tokens")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.name} ({self.prefix}…)"
