"""Addresses of archives: https, or this machine itself, and which host may receive a login.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re

from glioma_uq.machine import LOGIN_HOSTS, login_hosts

LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[::1\])(:[0-9]{1,5})?(/[\w.~/-]*)?",
    re.ASCII | re.IGNORECASE,
)
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}", re.ASCII)  # names of S3, which enter a host


def host_of(address):
    """Return the host of an address in small letters, "" for what is no plain http(s) address."""
    plain = ADDRESS.fullmatch(address)
    return plain["host"].lower() if plain else ""


def is_private(scheme, host):
    """Return whether nobody on the way reads or changes what is sent: https, or this machine."""
    return scheme == "https" or (scheme == "http" and host in LOOPBACK)


def faults_of_address(address, key):
    """Find an address that is none, or whose answers somebody on the way could change."""
    plain = ADDRESS.fullmatch(address)
    if not plain or not is_private(plain["scheme"].lower(), host_of(address)):
        yield (
            f"expected a plain https address for {key}, found {address!r}: correct it; http is for "
            "a server on this machine only."
        )


def faults_of_login(address, key):
    """Find an address whose host may not receive a login."""
    yield from faults_of_address(address, key)
    if host_of(address) not in login_hosts():
        yield (
            f"expected a host that may receive your login, as {login_hosts()[0]}, for {key}, found "
            f"{host_of(address)}: correct it, set login to false, or, if you trust that host, "
            f"export {LOGIN_HOSTS}={host_of(address)}, which no study can."
        )


def faults_of_bucket_address(address, key):
    """Find an address of buckets with another field than {bucket}, or that is no address."""
    rest = address.replace("{bucket}", "bucket", 1)
    if rest == address or "{" in rest or "}" in rest:
        yield (
            f"expected {{bucket}} once and no other field in {key}, found {address!r}: correct it."
        )
        return
    yield from faults_of_address(rest, key)
