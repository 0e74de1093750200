from sandbox.models.derivation import Derivation
from sandbox.models.exploration import Branch, Exploration
from sandbox.models.live import LiveAction, LiveIncident
from sandbox.models.regression import Pair, Regression
from sandbox.models.run import KnowledgeValue, Run
from sandbox.models.snapshot import Miss, Snapshot, SnapshotRecording, TableBlob
from sandbox.models.variant import VariantRun

__all__ = [
    "Branch",
    "Derivation",
    "Exploration",
    "KnowledgeValue",
    "LiveAction",
    "LiveIncident",
    "Miss",
    "Pair",
    "Regression",
    "Run",
    "Snapshot",
    "SnapshotRecording",
    "TableBlob",
    "VariantRun",
]
