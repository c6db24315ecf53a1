from hypothesis import given
from hypothesis import strategies as st

from humidor_common.auth.machine_keys import hash_key, make_key, owner_of


def test_keys_differ_and_name_their_owner() -> None:
    keys = {make_key("hmt", "t-1.a") for _ in range(50)}
    assert len(keys) == len({hash_key(key) for key in keys}) == 50
    assert {owner_of("hmt", key) for key in keys} == {"t-1.a"}
    assert {owner_of("hmc", key) for key in keys} == {None}


@given(st.text(max_size=60) | st.from_regex(r"hmt_[\\w.-]*_[\\w-]{40,46}", fullmatch=True))
def test_any_text_can_be_asked_for_its_owner(text: str) -> None:
    assert owner_of("hmt", text) is None or text.startswith("hmt_")
