"""What a world knows of topology and time, for tests of checks that ask it."""

from datetime import datetime


class World:
    def __init__(self, calls: dict[str, list[str]], *, alerted_at: datetime | None = None):
        self.calls = calls
        self.alerted_at = alerted_at
        self.components = tuple(dict.fromkeys([*calls, *(name for names in calls.values() for name in names)]))

    def depends(self, component, on):
        if component not in self.components or on not in self.components:
            return None
        waiting, seen = [component], set()
        while waiting:
            name = waiting.pop()
            seen.add(name)
            waiting += [callee for callee in self.calls.get(name, ()) if callee not in seen]
        return on in seen - {component}

    def replay(self, tool, arguments):
        return None
