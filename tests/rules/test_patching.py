import pytest

from rules.patching import PatchingError, Piece, apply, difference, rebase, words_between
from sandbox.knowledge.rule import EvidenceTest, Implies, Knowledge, Rule


def rule(name, cause="leak"):
    return Rule(name, (EvidenceTest("saturation", "pool"),), (Implies(cause),), "it was seen")


A, B, C = rule("a"), rule("b"), rule("c")


def test_apply_adds_replaces_in_place_and_removes():
    changed = rule("a", "lock")
    assert apply(Knowledge((A, B)), add=(changed, C), remove=("b",)) == Knowledge((changed, C))


def test_apply_leaves_its_base_alone():
    base = Knowledge((A,))
    apply(base, add=(B,), remove=("a",))
    assert base == Knowledge((A,))


def test_apply_refuses_what_does_not_fit():
    with pytest.raises(PatchingError, match="'z' cannot be removed"):
        apply(Knowledge((A,)), remove=("z",))
    with pytest.raises(PatchingError, match="'b' is added twice"):
        apply(Knowledge(), add=(B, rule("b", "lock")))


def test_difference_tells_added_changed_and_removed_rules():
    changed = rule("b", "lock")
    found = difference(Knowledge((A, B, rule("same"))), Knowledge((changed, C, rule("same"))))
    assert [(change.name, change.kind) for change in found.changes] == [
        ("a", "removed"),
        ("b", "changed"),
        ("c", "added"),
    ]
    assert (found.names, found.unchanged) == (frozenset("abc"), (rule("same"),))
    assert [piece for piece in found.changes[1].pieces if piece.kind != "same"] == [
        Piece("removed", "leak"),
        Piece("added", "lock"),
    ]


def test_difference_ignores_the_order_of_rules():
    assert difference(Knowledge((A, B)), Knowledge((B, A))).changes == ()


def test_rebase_brings_a_patch_to_a_new_head_and_names_what_both_changed():
    head = apply(Knowledge((A, B)), add=(C, rule("b", "lock")))
    moved, clash = rebase(Knowledge((A, B)), Knowledge((rule("b", "dns"),)), head)
    assert ({r.name: r for r in moved.rules}, clash) == ({"b": rule("b", "dns"), "c": C}, ("b",))


def test_words_between_rebuilds_both_texts():
    before, after = "WHEN a AND b\nTHEN c", "WHEN a\nTHEN d (e)"
    pieces = words_between(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after
