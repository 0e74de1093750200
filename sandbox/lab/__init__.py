"""A small, honest simulator of a microservice shop, and the cases it makes. No Django here.

A case is (system, fault, seed). A fault changes parameters of the system at one minute; metrics, logs,
traces, events and what the database shows follow from queueing formulas and a planner's cost model. Seeds
from ``library.HELD_OUT_FROM`` up are never in the starter library: cases to measure with.
"""

from sandbox.lab.case import faults, make, systems
from sandbox.lab.library import starter_library

__all__ = ["faults", "make", "starter_library", "systems"]
