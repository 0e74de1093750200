"""The Celery application: ``celery -A cloudmate worker -P threads``."""

import os

from celery import Celery

from cloudmate.broker import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudmate.settings")
embedded.register()

app = Celery("cloudmate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("cloudmate.sweeps:Sweeps")  # by name: it needs Django to be set up
