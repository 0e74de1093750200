"""Tests must run on settings of their own, however they are started."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parents[1]


def test_tests_run_on_their_own_settings():
    assert settings.SETTINGS_MODULE == "tests.settings"


def test_test_command_runs_on_the_tests_settings():
    done = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "test",
            "-q",
            "-p",
            "no:cacheprovider",
            "-k",
            "own_settings",
            "tests/test_settings.py",
        ],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "cloudmate.settings"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
