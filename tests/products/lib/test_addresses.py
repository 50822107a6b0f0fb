"""Which addresses may be called."""

from __future__ import annotations

import socket

import pytest

from products.lib.addresses import AddressPolicy, PolicyError

CLOSED = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.8", "192.0.0.192", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "168.63.129.16",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::ffff:0.0.0.0",
    "::ffff:168.63.129.16", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::7f00:1",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "2001:db8::1", "2001:10::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "3fff::1", "5f00::1",
]  # fmt: skip
OPEN = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::200e", "::ffff:8.8.8.8", "168.63.129.17"]
SPELLED = [
    "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "0x7f.1", "①②⑦.⓪.⓪.①", "0", "localhost",
    "017700000001", "127.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_S1_private_and_reserved_addresses_are_closed(address):
    assert not AddressPolicy().allows(address, 443)


@pytest.mark.parametrize("address", OPEN)
def test_S1_public_addresses_are_open(address):
    assert AddressPolicy().allows(address, 443)


@pytest.mark.parametrize("spelling", SPELLED)
def test_S1_every_spelling_of_this_machine_is_closed_once_resolved(spelling):
    for *_, address in socket.getaddrinfo(spelling, 80, type=socket.SOCK_STREAM):
        assert not AddressPolicy().allows(address[0], 80)


def test_S1_what_is_no_address_is_closed():
    assert not AddressPolicy().allows("not an address", 80)


def test_an_operator_opens_a_network_an_endpoint_and_a_name():
    policy = AddressPolicy.from_entries(["10.1.0.0/16", "127.0.0.1:9000", "[::1]:9000", "Api.Internal:80"])
    assert policy.allows("10.1.2.3", 80)
    assert policy.allows("::ffff:10.1.2.3", 80)
    assert not policy.allows("10.2.0.1", 80)
    assert policy.allows("127.0.0.1", 9000)
    assert not policy.allows("127.0.0.1", 9001)
    assert policy.allows("::1", 9000)
    assert policy.allows("192.168.0.9", 80, host="api.internal.")
    assert not policy.allows("192.168.0.9", 81, host="api.internal")


def test_an_opened_nat64_network_does_not_open_what_it_embeds():
    policy = AddressPolicy.from_entries(["64:ff9b::/96"])
    assert policy.allows("64:ff9b::808:808", 80)
    assert not policy.allows("64:ff9b::7f00:1", 80)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::ffff:127.0.0.1"])
def test_S6_the_platforms_own_services_stay_closed_inside_an_opened_network(address):
    allow = ["127.0.0.0/8", "0.0.0.0/8", "::1", "::/96"]
    policy = AddressPolicy.from_entries(allow, forbidden=[("127.0.0.1", 6379), ("10.0.0.5", 5432)])
    assert not policy.allows(address, 6379)
    assert policy.allows(address, 6380)


def test_S6_an_endpoint_written_down_to_the_port_beats_the_general_ban():
    policy = AddressPolicy.from_entries(["127.0.0.1:8000"], forbidden=[("127.0.0.1", 8000)])
    assert policy.allows("127.0.0.1", 8000)


@pytest.mark.parametrize("entry", ["", "everything", "10.0.0.0/99", "host:", "host:0", "host:99999", "a b:80", "*:80"])
def test_an_entry_that_means_nothing_is_named(entry):
    with pytest.raises(PolicyError, match="“"):
        AddressPolicy.from_entries([entry])
