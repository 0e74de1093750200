from dataclasses import replace

from sandbox.lab.database import pages_of, plan_of
from sandbox.lab.quayside import quayside

ORDERS = quayside().table("orders")
READ, _, _, UPDATE, INSERT = quayside().service("docket").statements


def test_an_index_is_used_where_the_column_has_one():
    plan = plan_of(READ, ORDERS)
    assert (plan.node, plan.index, plan.examined) == ("Index Scan", "orders_customer_id_idx", READ.rows)
    assert plan.work_ms < 1


def test_without_the_index_every_row_is_read_for_the_same_rows():
    bare = replace(ORDERS, indexes=("id",))
    plan = plan_of(READ, bare)
    assert (plan.node, plan.index, plan.rows, plan.examined) == ("Seq Scan", "", READ.rows, ORDERS.rows)
    assert plan.cost == pages_of(bare) * 1.0 + ORDERS.rows * 0.0125


def test_a_scan_costs_in_proportion_to_the_table_and_an_index_scan_hardly_grows():
    bare, large = replace(ORDERS, indexes=("id",)), ORDERS.rows * 10
    assert 9.9 < plan_of(READ, replace(bare, rows=large)).cost / plan_of(READ, bare).cost < 10.1
    assert plan_of(READ, replace(ORDERS, rows=large)).cost / plan_of(READ, ORDERS).cost < 1.2


def test_an_update_finds_its_row_by_the_primary_key():
    assert plan_of(UPDATE, ORDERS).index == "orders_pkey"


def test_an_insert_reads_no_rows():
    table = quayside().table("order_lines")
    assert (plan_of(INSERT, table).node, plan_of(INSERT, table).examined) == ("Insert", 0)
