"""The Celery application: ``celery -A cloudmate worker -P threads``."""

import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning

from cloudmate.broker import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudmate.settings")
embedded.register()
warnings.filterwarnings("ignore", category=SecurityWarning)  # of root and pickle: our messages are JSON

app = Celery("cloudmate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("cloudmate.sweeps:Sweeps")  # by name: it needs Django to be set up
