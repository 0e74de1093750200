"""People at the pages: each keeps a connection, asks for one page after another, and waits in between. No Django here."""

import http.client
import math
import random
import threading
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Person:
    cookie: str
    pages: dict[str, list[str]]  # name -> addresses


@dataclass
class Answers:
    """Milliseconds until the whole page was there, by the name of the page; and what was not answered with 200."""

    times: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[tuple[str, int]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def count(self) -> int:
        return sum(len(times) for times in self.times.values())


def percentile(values: list[float], share: float) -> float:
    """The nearest rank: the smallest value that ``share`` of all values do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * share / 100) - 1)]


def visit(port: int, people: list[Person], *, seconds: float, wait: float) -> Answers:
    """Each of ``people`` asks for their pages in an order of their own, ``wait`` seconds apart, for so long."""
    found = Answers()
    lock = threading.Lock()
    end = time.monotonic() + seconds
    began = time.monotonic()

    def goes_through(number: int, person: Person) -> None:
        order = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Cookie": person.cookie}
        time.sleep(order.uniform(0, wait))
        names: list[str] = []
        while time.monotonic() < end:
            if not names:
                names = list(person.pages)
                order.shuffle(names)
            name = names.pop()
            address = order.choice(person.pages[name])
            asked = time.perf_counter()
            connection.request("GET", address, headers=headers)
            answer = connection.getresponse()
            answer.read()
            took = 1000 * (time.perf_counter() - asked)
            with lock:
                found.times.setdefault(name, []).append(took)
                if answer.status != 200:
                    found.wrong.append((address, answer.status))
            if wait:
                time.sleep(wait)
        connection.close()

    threads = [threading.Thread(target=goes_through, args=each) for each in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.seconds = time.monotonic() - began
    return found
