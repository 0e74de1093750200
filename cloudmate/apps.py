from django.apps import AppConfig


class CloudMateConfig(AppConfig):
    name = "cloudmate"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from cloudmate import (
            celery,  # noqa: F401  tasks sent from a page or a command go to our broker
            checks,  # noqa: F401
        )
