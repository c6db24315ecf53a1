from unittest.mock import patch

import pytest

from humidor_common.delivery.messages import Channel, masked
from humidor_common.delivery.targets import TargetRefused, check_target, resolve

PRIVATE = [
    "https://127.0.0.1/x",
    "https://10.0.0.8:8443/x",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fd00::1]/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
]


@pytest.mark.parametrize("target", PRIVATE)
def test_addresses_of_private_networks_are_refused_unless_allowed(target: str) -> None:
    with pytest.raises(TargetRefused, match="private network"):
        check_target("webhook", target, private=False)
    check_target("webhook", target, private=True)


@pytest.mark.parametrize(
    ("channel", "target"),
    [
        ("webhook", "http://example.com/x"),
        ("webhook", "ftp://example.com/x"),
        ("wecom", "example.com"),
        ("dingtalk", "https:///x"),
        ("webhook", "https://user:word@example.com/"),
        ("webhook", "https://example.com:99999/"),
        ("webhook", "https://[::1/"),
        ("email", "nobody"),
        ("email", "a@b, c@d"),
        ("email", "a@example.com\r\nBcc: b@example.com"),
        ("email", "<a@example.com>"),
    ],
)
def test_what_is_no_target_is_refused(channel: Channel, target: str) -> None:
    with pytest.raises(TargetRefused):
        check_target(channel, target, private=False)


def test_good_targets_pass() -> None:
    check_target("webhook", "https://hooks.example.com/in?x=1", private=False)
    check_target("email", "store.manager+alerts@example.com.cn", private=False)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1"])
async def test_a_name_that_leads_into_a_private_network_is_refused(host: str) -> None:
    with pytest.raises(TargetRefused, match="private network"):
        await resolve(f"https://{host}/x", private=False)
    assert (await resolve(f"https://{host}/x", private=True))[0] == host


async def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    found = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.1.2.3", 443))]
    with patch("asyncio.base_events.socket.getaddrinfo", return_value=found), pytest.raises(TargetRefused):
        await resolve("https://rebind.example.com/x", private=False)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7aad",
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=***7aad",
        ),
        (
            "https://oapi.dingtalk.com/robot/send?access_token=short",
            "https://oapi.dingtalk.com/robot/send?access_token=***",
        ),
        ("https://hooks.example.com/in", "https://hooks.example.com/in"),
        ("manager@example.com", "manager@example.com"),
    ],
)
def test_a_key_in_a_url_is_masked(target: str, shown: str) -> None:
    assert masked(target) == shown
