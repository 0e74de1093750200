"""All faults by name. No Django here."""

from __future__ import annotations

from sandbox.lab.faults import platform, pool, service
from sandbox.lab.faults.base import Fault

FAULTS: dict[str, Fault] = {fault.name: fault for fault in (*pool.FAULTS, *service.FAULTS, *platform.FAULTS)}
