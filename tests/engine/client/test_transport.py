"""The transport against a server of canned answers: keys, retries, exact numbers, no leaks."""

from __future__ import annotations

import asyncio

import pytest

from engine.client.errors import NETWORK, ClientError
from engine.client.request import Request
from engine.client.results import Answer
from engine.client.transport import Transport
from tests.support.http_stub import Answer as Canned
from tests.support.http_stub import Asked, stub

KEY = "seq_test_" + "5" * 64
BUSY = Canned(429, {"error": {"code": "RATE_LIMITED", "message": "wait"}}, {"Retry-After": "2"})


class Row(Answer, frozen=True, kw_only=True):
    """What the canned server answers with."""

    price_1e9: int


GET = Request("GET", "/v1/x/a%2Fb", Row, query={"q": "1,2"})
POST = Request("POST", "/v1/x", Row, body={"qty_1e8": 2**62 + 1})
GOOD = Canned(200, {"price_1e9": 2**63 - 1, "unknown": [1]})


def talk(*answers: Canned, request: Request[Row] = GET) -> tuple[list[Asked], list[float], object]:
    """What was asked, how long was waited, and the answer or error of one request."""

    async def main() -> tuple[list[Asked], list[float], object]:
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)

        async with stub(*answers) as server:
            transport = Transport(KEY, server.url + "/", sleep=sleep)
            try:
                found: object = await transport.send(request)
            except ClientError as error:
                found = error
            finally:
                await transport.close()
        return server.asked, waits, found

    return asyncio.run(main())


def test_a_read_carries_the_key_and_reads_exactly() -> None:
    (asked,), _, found = talk(GOOD)
    assert found == Row(price_1e9=2**63 - 1)
    assert (asked.method, asked.target) == ("GET", "/v1/x/a%2Fb?q=1,2")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert "idempotency-key" not in asked.headers and asked.body == b""


def test_a_write_keeps_its_one_key_over_its_retries() -> None:
    asked, waits, found = talk(Canned(drop=True), BUSY, Canned(503), GOOD, request=POST)
    assert found == Row(price_1e9=2**63 - 1)
    assert [one.json for one in asked] == [{"qty_1e8": 2**62 + 1}] * 4
    keys = {one.headers["idempotency-key"] for one in asked}
    assert len(keys) == 1 and len(keys.pop()) == 36
    assert waits == [0.25, 2.0, 1.0]
    again = talk(GOOD, request=POST)[0][0].headers["idempotency-key"]
    assert again not in {one.headers["idempotency-key"] for one in asked}


def test_it_gives_up_after_four_attempts_and_says_why() -> None:
    asked, waits, found = talk(BUSY)
    assert len(asked) == 4 and waits == [2.0, 2.0, 2.0]
    assert isinstance(found, ClientError)
    assert (found.status, found.code) == (429, "RATE_LIMITED")
    assert found.retry_after_ms == 2_000


def test_an_answer_is_not_asked_for_again() -> None:
    envelope = {"error": {"code": "NOT_FOUND", "message": "no such order"}}
    asked, _, found = talk(Canned(404, envelope, {"X-Request-Id": "r-7"}))
    assert len(asked) == 1 and isinstance(found, ClientError)
    assert found.message == "no such order" and found.request_id == "r-7"


def test_a_redirect_is_not_followed_with_the_key() -> None:
    asked, _, found = talk(Canned(302, b"", {"Location": "http://127.0.0.1:1/"}))
    assert len(asked) == 1
    assert isinstance(found, ClientError) and found.status == 302


def test_an_answer_of_another_shape_is_an_error_with_its_place() -> None:
    _, _, found = talk(Canned(200, {"price_1e9": 1.5}))
    assert isinstance(found, ClientError) and found.code == "UNREADABLE_ANSWER"
    assert "price_1e9" in found.message


def test_nobody_there_is_a_network_error() -> None:
    async def main() -> ClientError:
        async with stub() as server:
            url = server.url

        async def sleep(_: float) -> None:
            return None

        transport = Transport(KEY, url, sleep=sleep)
        try:
            with pytest.raises(ClientError) as caught:
                await transport.send(GET)
        finally:
            await transport.close()
        return caught.value

    error = asyncio.run(main())
    assert (error.status, error.code, error.retryable) == (0, NETWORK, True)
    assert KEY not in str(error)


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://x", "http://", "http://x?y=1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="base_url is like"):
        Transport(KEY, url)


def test_its_text_shows_no_key() -> None:
    assert KEY not in repr(Transport(KEY, "http://127.0.0.1:1"))
