from cases.contexts.drawing import MOST, NODE, ROW, draw
from cases.diagnosis import Link, Relation


def test_a_link_to_the_next_claim_is_straight_and_the_others_bend_around():
    picture = draw(["c1", "c2", "c3"], (Link("c1", "c2"), Link("c1", "c3"), Link("c3", "c2")), {})
    straight, around, back = picture.arcs
    assert straight.path == f"M{NODE} {ROW // 2 + 7}V{ROW + ROW // 2 - 13}"
    assert around.mark[0] < NODE
    assert back.mark[0] < around.mark[0]  # a lane of its own
    assert (picture.nodes, picture.height) == ((ROW // 2, ROW + ROW // 2, 2 * ROW + ROW // 2), 3 * ROW)


def test_links_that_do_not_overlap_share_a_lane():
    chain = (Link("c1", "c3"), Link("c3", "c5"))
    one, other = draw(["c1", "c2", "c3", "c4", "c5"], chain, {}).arcs
    assert one.mark[0] == other.mark[0]


def test_lanes_end_where_the_picture_does():
    claims = [f"c{at}" for at in range(20)]
    picture = draw(claims, tuple(Link("c0", f"c{at}") for at in range(2, 20)), {})
    assert len({arc.mark[0] for arc in picture.arcs}) == MOST
    assert all(0 < arc.mark[0] < picture.width for arc in picture.arcs)


def test_a_break_is_shown_at_its_link_and_what_masks_is_told_apart():
    links = (Link("c1", "c2"), Link("c2", "c1", Relation.MASKS))
    broken, masks = draw(["c1", "c2"], links, {1: "Link 1: it is a that depends on b"}).arcs
    assert (broken.hue, broken.broken, broken.number) == ("is-broken", "Link 1: it is a that depends on b", 1)
    assert masks.hue == "masks"


def test_a_link_from_nowhere_is_not_drawn():
    assert draw(["c1"], (Link("c1", "c9"), Link("c1", "c1")), {}).arcs == ()
