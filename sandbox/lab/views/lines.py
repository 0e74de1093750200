"""A log line, and a log that is written minute by minute. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.lab.incident import Incident


@dataclass(frozen=True, order=True)
class Line:
    at: datetime
    pod: str
    level: str
    text: str

    def printed(self) -> str:
        return f"{self.at.strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3]}Z {self.level:<5} {self.pod} {self.text}"


class Log:
    """Lines of one component; each lands somewhere within its minute."""

    def __init__(self, incident: Incident, name: str) -> None:
        self.incident = incident
        self.random = incident.random(f"log:{name}")
        self.lines: list[Line] = []

    def write(self, minute: int, pod: str, level: str, text: str) -> None:
        at = self.incident.at(minute) + timedelta(milliseconds=self.random.randrange(60_000))
        self.lines.append(Line(at, pod, level, text))

    def sorted(self) -> list[Line]:
        return sorted(self.lines)
