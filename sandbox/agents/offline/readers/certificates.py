"""Lists of certificates: which ran out, which one another authority signed. No Django here."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sandbox.agents.offline.names import component_of
from sandbox.agents.offline.readers.tables import rows_of
from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect


def read(text: str, question: Question, reading: Reading) -> bool:
    rows = [(row, line.strip()) for row, line, _ in rows_of(text.splitlines()) if row.get("NOT AFTER")]
    if not rows:
        return False
    issuers = Counter(row.get("ISSUER", "") for row, _ in rows)
    usual, many = issuers.most_common(1)[0]
    odd = len(issuers) > 1 and many > len(rows) / 2
    for row, line in rows:
        component = row.get("COMPONENT") or component_of(row.get("NAME", ""))
        reading.name("components", component)
        more = {"kind": "certificate", "object": row.get("NAME") or component}
        if ended := _moment(row["NOT AFTER"]):
            reading.find(
                Aspect.CERTIFICATE, component, "certificate has expired", line, strength=3.0, onset=ended, **more
            )
        if odd and row.get("ISSUER") != usual:
            value = "certificate is signed by another authority than those of the others"
            reading.find(Aspect.CERTIFICATE, component, value, line, strength=2.5, **more)
    reading.find(Aspect.NORMAL, question.about, "certificates listed", rows[0][1], kind="certificate", strength=0.3)
    return True


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
