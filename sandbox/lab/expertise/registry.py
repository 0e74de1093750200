"""All expertise by fault class. No Django here."""

from __future__ import annotations

from sandbox.lab.expertise import around, limits, platform, pool, service, stores
from sandbox.lab.expertise.base import Expertise

EXPERTISE: dict[str, Expertise] = {
    **pool.EXPERTISE,
    **stores.EXPERTISE,
    **service.EXPERTISE,
    **limits.EXPERTISE,
    **platform.EXPERTISE,
    **around.EXPERTISE,
}
