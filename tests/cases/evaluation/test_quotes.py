import time

import pytest

from cases.evaluation.quotes import Stated, bears_out, printed, stands_in, stated

RAW = "Pod  basket\n\tREADY 0/1\n\x1b[31mERROR\x1b[0m pool 97.25 of 100 used, 15 restarts, “gone” — latency 1503.7 ms, port 8080"


@pytest.mark.parametrize(
    "quote",
    [
        "READY 0/1",
        "pod basket ready 0/1",
        "ERROR pool",
        '"gone" - latency',
        "pool 97.3 of 100 used",
        "latency 1504 ms",
        "Pod basket ... 15 restarts",
        "pod basket … port 8080",
    ],
)
def test_quote_stands_in_its_return(quote):
    assert stands_in(quote, RAW)


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "  ",
        "READY 1/1",
        "5 restarts",  # inside 15
        "port 808",  # cut off 8080
        "port 8081",  # as precise as the return, and another number
        "pool 97.4 of 100 used",
        "pool 98 of 100 used",
        "15 restarts … Pod basket",  # the other way round
        "basket is gone",
        "1504",  # a rounded number alone has nothing that says it is the same thing
    ],
)
def test_quote_does_not_stand_in_another_return(quote):
    assert not stands_in(quote, RAW)


def test_a_quote_may_be_read_off_json_inside_json():
    raw = r'{"log": "{\"error\": \"dial \\\"store\\\"\\n failed\"}"}'
    assert stands_in('{"error": "dial \\"store\\"\\n failed"}', raw)
    assert stands_in('dial "store"\nfailed', raw)
    assert not stands_in('dial "store" worked', raw)


def test_quotes_cannot_be_made_to_run_for_long():
    numbers = "1," * 200_000
    begun = time.perf_counter()
    assert not stands_in("7 x 8 y 9 z", numbers + " x" * 10_000)
    assert not stands_in("a " * 900, "a " * 800 + "b")
    assert time.perf_counter() - begun < 2


def test_stated_numbers_leave_names_dates_and_addresses_out():
    text = "On 2025-11-28 at 10:05 worker-02 (10.0.3.4) used 97.2 % of 1,024 MiB, twice 42s, v2.1-rc3"
    assert stated(text) == [Stated("97.2", "%"), Stated("1,024", "mib"), Stated("42", "s")]


def test_printed_numbers_bear_out_stated_ones_also_rounded_or_scaled():
    numbers = printed("ratio=0.9731 at node-17, took 5203ms, 12,345 rows")
    assert bears_out(Stated("0.97"), numbers)
    assert bears_out(Stated("97", "%"), numbers)
    assert bears_out(Stated("5.2", "s"), numbers)
    assert bears_out(Stated("12345"), numbers)
    assert bears_out(Stated("17"), numbers)
    assert not bears_out(Stated("18"), numbers)
    assert not bears_out(Stated("97"), numbers)


def test_a_number_said_to_be_rounded_is_borne_out_by_what_rounds_to_it():
    numbers = printed("waiting: 726, dead rows: 4733002, estimate 54849")
    assert stated("about 730 wait, some 4.7 million are dead, ~55,000 live") == [
        Stated("730", about=True),
        Stated("4.7", "million", about=True),
        Stated("55,000", about=True),
    ]
    for said in (Stated("730", about=True), Stated("4.7", "million"), Stated("55,000", about=True)):
        assert bears_out(said, numbers)
    assert bears_out(Stated("700", about=True), printed("waiting: 703.6"))
    for said in (Stated("730"), Stated("760", about=True), Stated("47", "million", about=True)):
        assert not bears_out(said, numbers)
