from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_common.upstreams import parse_upstreams
from humidor_common.web.problems import Problem
from humidor_gateway.proxy.rules import Target, client_address, client_scheme, resolve

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (b"/pos/v1/sales", Target("pos", b"/v1/sales")),
        (b"/pos/v1/sales:batch", Target("pos", b"/v1/sales:batch")),
        (b"/pos/v1/", Target("pos", b"/v1/")),
        (b"/pos/v1/a%20b/%E4%BA%AC", Target("pos", b"/v1/a%20b/%E4%BA%AC")),
        (b"/pos/v1/x/", Target("pos", b"/v1/x/")),
        (b"/pos/v1/%252e%252e", Target("pos", b"/v1/%252e%252e")),
        (b"/inventory/openapi.json", Target("inventory", b"/openapi.json")),
        (b"/inventory/healthz", Target("inventory", b"/healthz")),
        (b"/customers/v1/stores", Target("inventory", b"/v1/stores")),
        (b"/customers/v1/stores/S0001", Target("inventory", b"/v1/stores/S0001")),
        (b"/customers/v1/storesS0001", Target("customers", b"/v1/storesS0001")),
    ],
)
def test_paths_of_services_are_split(path: bytes, target: Target) -> None:
    assert resolve(path) == target


@pytest.mark.parametrize(
    "path",
    [
        b"/",
        b"/pos",
        b"/pos/",
        b"/pos/v1",
        b"/pos/metrics",
        b"/pos/v2/x",
        b"/pos/healthz/x",
        b"/pos/openapi.json/",
        b"//pos/v1/x",
        b"/../pos/v1/x",
        b"/POS/v1/x",
        b"/pos%2Fv1/x",
        b"/pos/v1/\xe4",
        b"/pos/v1/a b",
        b"/pos/v1/a\\b",
        b"/pos/v1/x\n",
        b"http://evil/pos/v1/x",
        b"*",
        b"",
    ],
)
def test_other_paths_are_nobodys(path: bytes) -> None:
    assert resolve(path) is None


@pytest.mark.parametrize(
    "rest",
    [
        b"..",
        b"../../metrics",
        b".",
        b"./x",
        b"a/../b",
        b"a//b",
        b"//",
        b"%2e%2e/x",
        b"%2E./x",
        b"a%2fb",
        b"a%2Fb",
        b"a%5cb",
        b"a%00b",
        b"a%0d%0ab",
        b"a%7f",
        b"a%",
        b"a%g0",
        b"a%2",
    ],
)
def test_paths_that_could_change_their_meaning_are_refused(rest: bytes) -> None:
    with pytest.raises(Problem) as caught:
        resolve(b"/pos/v1/" + rest)
    assert (caught.value.status, caught.value.code) == (400, "path-not-allowed")


@given(st.binary(max_size=60) | st.text("./%2fFeE5cC0adD\\a:", max_size=40).map(str.encode))
def test_whatever_is_let_through_stays_below_v1(rest: bytes) -> None:
    try:
        target = resolve(b"/pos/v1/" + rest)
    except Problem:
        return
    if target is not None:
        from posixpath import normpath
        from urllib.parse import unquote

        decoded = unquote(target.path.decode("ascii"))
        assert normpath(decoded) + "/" == decoded.rstrip("/") + "/"
        assert decoded.startswith("/v1/")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.1", b"1.2.3.4", "203.0.113.1"),
        ("10.0.0.1", b"1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", b"6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", b"6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("10.0.0.1", b"10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", b"nonsense", "10.0.0.1"),
        ("10.0.0.1", b"", "10.0.0.1"),
        ("fd00::1", b"2001:db8::1", "2001:db8::1"),
        ("", b"1.2.3.4", ""),
    ],
)
def test_only_trusted_proxies_say_who_the_client_is(peer: str, forwarded: bytes, address: str) -> None:
    assert client_address(peer, [(b"x-forwarded-for", forwarded)], TRUSTED) == address


def test_the_hops_of_several_headers_are_one_list() -> None:
    headers = [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"1.2.3.4")]
    assert client_address("10.0.0.1", headers, TRUSTED) == "1.2.3.4"


def test_only_trusted_proxies_say_that_it_was_https() -> None:
    headers = [(b"x-forwarded-proto", b"https")]
    assert client_scheme("10.0.0.1", "http", headers, TRUSTED) == "https"
    assert client_scheme("203.0.113.1", "http", headers, TRUSTED) == "http"
    assert client_scheme("10.0.0.1", "http", [(b"x-forwarded-proto", b"gopher")], TRUSTED) == "http"


def test_upstreams_are_read() -> None:
    found = parse_upstreams("pos=http://127.0.0.1:8101, inventory=https://inventory.internal/,")
    assert found == {"pos": "http://127.0.0.1:8101", "inventory": "https://inventory.internal"}


@pytest.mark.parametrize(
    "text", ["pos", "pos=", "pos=ftp://x", "pos=http://x/path", "Pos=http://x", "pos=http://a,pos=http://b"]
)
def test_upstreams_that_make_no_sense_stop_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="upstream"):
        parse_upstreams(text)
