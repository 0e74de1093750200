"""A small, honest simulator of a microservice shop, and the cases it makes. No Django here."""

from sandbox.lab.case import faults, make, systems
from sandbox.lab.library import starter_library

__all__ = ["faults", "make", "starter_library", "systems"]
