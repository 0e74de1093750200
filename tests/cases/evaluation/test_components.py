import pytest

from cases.evaluation.components import class_mentioned, component, mentioned, same, same_class


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("app/basket", "basket"),
        ("deployment/basket", "service/basket"),
        ("pod/basket-6f966d9cc9-scwgm", "basket"),
        ("basket-6f966d9cc9-scwgm", "basket-6f966d9cc9-x2dbm"),
        ("replicaset/basket-6f966d9cc9", "Basket"),
        ("shop/basket", "basket"),
        ("shop/pod/basket-6f966d9cc9-scwgm", "deployment.basket".replace(".", "/")),
        ("basket.shop.svc.cluster.local", "service/basket"),
        ("basket (deployment)", "basket"),
        ("the_basket", "the-basket"),
        ("payment service", "payment-service"),
        ("payment service", "payment"),
        ("paymentservice", "payment service"),
        ("statefulset/store", "store-0"),
        ("collector-x7k2p", "daemonset/collector"),
        ("node/north-02", "north-02"),
        ("namespace/shop", "shop"),
        ("basket:8080", "basket"),
        ("table/orders", "orders table"),
        ("database/ledger", "db/ledger"),
    ],
)
def test_names_of_one_component_are_the_same(one, other):
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("basket", "basket-db"),
        ("node/shop", "namespace/shop"),
        ("pod/shop", "namespace/shop"),
        ("prod/basket", "staging/basket"),
        ("table/orders", "service/orders"),
        ("store-0", "store-1"),
        ("node/north-b4c59", "node/north-d7f22"),
        ("north-b4c59", "north-d7f22"),
        ("north-01", "north-02"),
        ("basket-mysql", "basket"),
        ("basket-database-mysql", "basket"),
        ("", "basket"),
        ("", ""),
    ],
)
def test_names_of_two_components_are_not(one, other):
    assert not same(one, other)
    assert not same(other, one)


def test_aliases_of_the_case_join_names():
    aliases = {"basket": ["cart", "shopping-cart"]}
    assert same("pod/cart-6f966d9cc9-scwgm", "app/basket", aliases)
    assert same("shopping-cart", "cart", aliases)
    assert not same("checkout", "basket", aliases)


def test_component_is_taken_apart():
    found = component("shop/pod/basket-6f966d9cc9-scwgm")
    assert (found.base, found.group, found.namespace) == ("basket", "workload", "shop")


def test_mentioned_needs_a_whole_name():
    assert mentioned("basket-6f966d9cc9-scwgm", "the basket is down")
    assert mentioned("table/order_lines", "seq scan on order_lines")
    assert mentioned("order-lines", "order_lines are slow")
    assert not mentioned("basket", "breadbaskets")
    assert not mentioned("", "anything")


def test_fault_classes_are_compared_without_spelling():
    assert same_class("OOMKilled", "oom_killed")
    assert same_class("Missing index", "missing-index")
    assert not same_class("missing_index", "missing_indices")
    assert not same_class("", "")
    assert same_class("oom", "oom_killed", {"oom_killed": ["oom"]})


def test_a_fault_class_is_mentioned_by_its_words_together():
    assert class_mentioned("OOMKilled", "basket was oom killed")
    assert class_mentioned("missing_index", "a missing-index on orders")
    assert not class_mentioned("oom", "the room is full")
    assert not class_mentioned("missing_index", "missing an index")
    assert not class_mentioned("", "anything")
