from django.urls import reverse

from cloudmate.addresses import address


def test_an_address_is_what_django_says_for_each_of_its_numbers():
    assert [address("cases:session", pk) for pk in (7, 1_000_000)] == [
        reverse("cases:session", args=[7]),
        reverse("cases:session", args=[1_000_000]),
    ]
    assert address("sandbox:compare", 10, 20) == reverse("sandbox:compare", args=[10, 20])
