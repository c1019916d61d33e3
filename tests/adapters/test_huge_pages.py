"""What the process that holds a model is told of memory."""

from appliance.adapters.recognizers import HUGE_PAGES, with_huge_pages


def test_a_model_is_held_in_large_pages_beside_what_else_is_set() -> None:
    assert with_huge_pages({"LANG": "C"}) == {"LANG": "C", "GLIBC_TUNABLES": HUGE_PAGES}
    more = with_huge_pages({"GLIBC_TUNABLES": "glibc.malloc.check=1"})
    assert more["GLIBC_TUNABLES"].split(":") == ["glibc.malloc.check=1", HUGE_PAGES]


def test_who_has_chosen_the_pages_keeps_them() -> None:
    chosen = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}
    assert with_huge_pages(chosen) == chosen
