from cases.models.annotation import Annotation, Bearing
from cases.models.case import Case, CaseVersion, Confirmation, System
from cases.models.entry import Entry
from cases.models.evaluation import Evaluation, Score, ScoreReview
from cases.models.guidance import Guidance
from cases.models.label import Label, LabelSeat
from cases.models.pattern import RedactionPattern
from cases.models.review import ReviewItem, ReviewSeat
from cases.models.session import RawReturn, Session, Step
from cases.models.token import AgentToken

__all__ = [
    "AgentToken",
    "Annotation",
    "Bearing",
    "Case",
    "CaseVersion",
    "Confirmation",
    "Entry",
    "Evaluation",
    "Guidance",
    "Label",
    "LabelSeat",
    "RawReturn",
    "RedactionPattern",
    "ReviewItem",
    "ReviewSeat",
    "Score",
    "ScoreReview",
    "Session",
    "Step",
    "System",
]
