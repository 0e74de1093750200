"""People at the pages: each keeps a connection, asks for one page after another, and waits in between. No Django here."""

import http.client
import math
import random
import threading
import time
from dataclasses import dataclass, field


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


def visit(
    port: int, cookies: list[str], pages: dict[str, list[str]], *, people: int, seconds: float, wait: float
) -> Answers:
    """``people`` ask for ``pages`` (name -> addresses) in an order of their own, ``wait`` seconds apart, for so long."""
    found = Answers()
    lock = threading.Lock()
    end = time.monotonic() + seconds
    began = time.monotonic()

    def person(number: int) -> None:
        order = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Cookie": cookies[number % len(cookies)]}
        time.sleep(order.uniform(0, wait))
        names: list[str] = []
        while time.monotonic() < end:
            if not names:
                names = list(pages)
                order.shuffle(names)
            name = names.pop()
            address = order.choice(pages[name])
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

    threads = [threading.Thread(target=person, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.seconds = time.monotonic() - began
    return found
