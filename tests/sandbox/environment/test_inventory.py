from sandbox.environment.base import Inventory, Recording
from sandbox.environment.inventory import MOST, inventory_of


def names(output, **arguments):
    return inventory_of([Recording("get", arguments, output)]).names


def test_table_names_things_of_the_kind_that_was_asked_for():
    table = "NAMESPACE   NAME       READY   STATUS             NODE\nmarket      till-0     1/1     Running            worker-7\n"
    assert names(table, kind="po") == {"namespaces": ("market",), "nodes": ("worker-7",), "pods": ("till-0",)}


def test_table_of_several_kinds_says_them_itself():
    assert names("NAME                 AGE\npod/till-0           3d\nservice/till         3d\n", kind="all") == {
        "pods": ("till-0",),
        "services": ("till",),
    }


def test_tree_names_each_thing_by_its_own_kind():
    tree = "NAMESPACE   NAME                     READY\nmarket      Deployment/till          1/1\nmarket      └── ReplicaSet/till-1    1/1\nmarket          └── Widget/w         -\n"
    assert names(tree, kind="deployment") == {
        "deployments": ("till",),
        "namespaces": ("market",),
        "replicasets": ("till-1",),
    }


def test_table_without_heads_is_known_by_its_ready_column():
    table = "stdout:\nmarket      till-0     1/1     Running     0   4m\nmarket      till-1     0/1     Pending     0   4m\n"
    assert names(table, kind="pod", keyword="till") == {"namespaces": ("market",), "pods": ("till-0", "till-1")}


def test_csv_names_things_by_its_heads():
    assert names("Source,Target,Weight\ngate,till,1\ntill,ledger,2\n") == {"services": ("gate", "till", "ledger")}


def test_json_names_things_by_its_keys():
    data = '{"pods": [{"name": "till-0", "node": "worker-7"}], "metrics": [{"name": "cpu"}], "service": "till", "other": 3}'
    assert names(data) == {
        "metrics": ("cpu",),
        "nodes": ("worker-7",),
        "pods": ("till-0",),
        "services": ("till",),
    }


def test_addresses_are_no_names():
    assert names("Source,Target\n10.0.0.1,till\n") == {"services": ("till",)}


def test_errors_and_prose_name_nothing():
    error = Recording("get", {"kind": "pods"}, "NAME   READY\ntill-0   1/1\n", is_error=True)
    assert inventory_of([error]) == Inventory({})
    assert names("No resources found in market namespace.", kind="pods") == {}
    assert names("{broken", kind="pods") == {}


def test_arguments_of_recordings_name_nothing():
    assert inventory_of([Recording("get", {"kind": "pods", "name": "till-0"}, "ok")]) == Inventory({})


def test_names_of_a_kind_are_bounded():
    table = "NAME   AGE\n" + "".join(f"pod-{number}   1d\n" for number in range(MOST + 50))
    assert len(names(table, kind="pods")["pods"]) == MOST
