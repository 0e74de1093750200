"""All expertise by fault class. No Django here."""

from __future__ import annotations

from sandbox.lab.expertise import platform, pool, service
from sandbox.lab.expertise.base import Expertise

EXPERTISE: dict[str, Expertise] = {**pool.EXPERTISE, **service.EXPERTISE, **platform.EXPERTISE}
