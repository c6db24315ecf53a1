from humidor_gateway.proxy.limits import Buckets

from .proxying import proxied


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    clock = Clock()
    buckets = Buckets(10, 5, monotonic=clock)
    assert [buckets.take("a") for _ in range(5)] == [0.0] * 5
    assert 0 < buckets.take("a") <= 0.1
    clock.seconds += 0.1
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0


def test_clients_do_not_take_from_each_other() -> None:
    buckets = Buckets(1, 1, monotonic=Clock())
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0
    assert buckets.take("b") == 0.0


def test_a_bucket_does_not_fill_beyond_its_burst() -> None:
    clock = Clock()
    buckets = Buckets(10, 3, monotonic=clock)
    buckets.take("a")
    clock.seconds += 3600
    assert [buckets.take("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_memory_is_bounded_and_the_busiest_clients_stay() -> None:
    buckets = Buckets(1, 1, capacity=100, monotonic=Clock())
    for number in range(10_000):
        buckets.take("busy")
        buckets.take(number)
    assert len(buckets) == 100
    assert buckets.take("busy") > 0


def test_a_rate_of_zero_means_no_limit() -> None:
    buckets = Buckets(0, 0)
    assert all(buckets.take("a") == 0.0 for _ in range(1000))
    assert len(buckets) == 0


async def test_a_credential_that_calls_too_often_gets_429_and_others_go_on() -> None:
    async with proxied(client_rate_per_second=0.01) as proxy:
        proxy.gateway.credentials.burst = 2.0
        headers = {"Authorization": "Bearer busy"}
        answers = [await proxy.client.get("/pos/v1/x", headers=headers) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].json()["code"] == "rate-limited"
        assert int(answers[2].headers["Retry-After"]) >= 1
        other = await proxy.client.get("/pos/v1/x", headers={"Authorization": "Bearer other"})
        assert other.status_code == 200


async def test_changing_the_credential_does_not_evade_the_address_limit() -> None:
    async with proxied(address_rate_per_second=0.01) as proxy:
        proxy.gateway.addresses.burst = 3.0
        statuses = [
            (await proxy.client.get("/pos/v1/x", headers={"Authorization": f"Bearer {n}"})).status_code
            for n in range(5)
        ]
        assert statuses == [200, 200, 200, 429, 429]


async def test_what_is_not_a_services_goes_to_the_gateways_own_app() -> None:
    async with proxied(trusted_proxies="127.0.0.0/8") as proxy:
        headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7"}
        assert (await proxy.client.get("/v1/me", headers=headers)).text == "own /v1/me 203.0.113.7"
        assert (await proxy.client.get("/gateway/v1/me")).text.startswith("own /v1/me ")
        assert (await proxy.client.get("/unknown/v1/x")).text.startswith("own /unknown/v1/x")
        answer = await proxy.client.get("/docs")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
