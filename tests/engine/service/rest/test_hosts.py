"""Names that the server answers to, and pages of other sites."""

from __future__ import annotations

import pytest

from engine.service.api_error import ApiError
from engine.service.rest.hosts import LOOPBACK, Hosts


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:80", "LOCALHOST"])
def test_loopback_names_are_ours(host: str) -> None:
    Hosts().check({"Host": host})


@pytest.mark.parametrize("host", ["evil.example", "", "127.0.0.1.evil.example", "[::2]:80"])
def test_other_names_are_not(host: str) -> None:
    with pytest.raises(ApiError, match="host name"):
        Hosts().check({"Host": host})


def test_an_origin_must_be_our_own() -> None:
    hosts = Hosts((*LOOPBACK, "desk.example"))
    hosts.check({"Host": "desk.example:8080", "Origin": "http://desk.example:8080"})
    wrong = ("http://evil.example", "null", "http://desk.example:9090", "http://[", "http://[x]")
    for origin in wrong:
        with pytest.raises(ApiError, match="other sites"):
            hosts.check({"Host": "desk.example:8080", "Origin": origin})


def test_no_names_are_any_name() -> None:
    Hosts(()).check({"Host": "anything.example"})
