"""What tests change of the product's settings: data of their own, and what only costs time."""

import atexit
import os
import shutil
import tempfile

# Whatever the developer's own system is told must neither be changed by a test nor change one.
FROM_OUTSIDE = ("CLOUDMATE_DATABASE_URL", "CLOUDMATE_BROKER_URL", "CLOUDMATE_SHARED", "CLOUDMATE_NO_SKIPS")
OPT_IN = ("CLOUDMATE_TEST_", "CLOUDMATE_VERIFY_")
for name in [name for name in os.environ if name.startswith("CLOUDMATE_")]:
    if name not in FROM_OUTSIDE and not name.startswith(OPT_IN):
        del os.environ[name]
os.environ["CLOUDMATE_DATA"] = tempfile.mkdtemp(prefix="cloudmate-tests-")
atexit.register(shutil.rmtree, os.environ["CLOUDMATE_DATA"], ignore_errors=True)

from cloudmate.settings import *  # noqa: E402, F403
from cloudmate.settings import DATA_DIR, DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # a file, as in the product: threads, a live server and other processes see the same database
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "tests.sqlite3"}
DATABASES["default"]["CONN_MAX_AGE"] = 0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
