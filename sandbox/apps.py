from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "sandbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from cases.evaluation.evidence import register
        from sandbox.evidence import evidence_for

        register(evidence_for)
