"""What a web server calls. Everything is loaded here, not at the first request."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudmate.settings")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 - imports every view
gc.collect()
gc.freeze()  # what is loaded stays: looking through it for garbage again and again took a tenth of each request
