from django.apps import AppConfig


class CloudMateConfig(AppConfig):
    name = "cloudmate"
    default_auto_field = "django.db.models.BigAutoField"
