import json

from cases.folding import DEEPEST, Node, folds_of, is_indented, nodes_of

POD = "kind: Pod\nmetadata:\n  name: ledger-0\nspec:\n  containers:\n  - name: ledger\n    image: ledger:2\n"


def test_lines_stand_under_the_line_they_are_indented_below():
    def read(nodes):
        return [(node.value.strip(), read(node.children)) for node in nodes]

    assert read(folds_of(POD)) == [
        ("kind: Pod", []),
        ("metadata:", [("name: ledger-0", [])]),
        ("spec:", [("containers:", [("- name: ledger", [("image: ledger:2", [])])])]),
    ]


def test_no_line_is_lost_or_changed():
    def lines(nodes):
        return [line for node in nodes for line in (node.value, *lines(node.children))]

    text = POD + "\n   odd\n# end\n- x\n"
    assert lines(folds_of(text)) == text.splitlines()


def test_a_node_says_how_many_lines_it_hides():
    assert folds_of(POD)[2].size == 3


def test_prose_does_not_fold():
    assert is_indented(POD.splitlines())
    assert not is_indented(["Well, it says", "that nothing is", "there to be", "seen: at all"])


def test_a_document_deeper_than_it_folds_stands_as_text():
    deep = current = {}
    for _ in range(DEEPEST + 3):
        current["a"] = current = {}
    node = nodes_of(deep)[0]
    for _ in range(DEEPEST - 1):
        node = node.children[0]
    assert node.children == (Node("a", json.dumps({"a": {"a": {}}})),)
