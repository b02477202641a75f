"""Where a callback may go: to a public HTTPS address, looked up when it is sent.

A staff member who types an address must not be able to make the portal ask its own network
(SSRF). So the name is resolved once, every address it has is looked at, and the connection goes
to that very address: a name that answers differently the next second changes nothing.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from rules.refusals import Refused


class BadAddress(Refused):
    """Why nothing is sent there."""


def check(url: str) -> tuple[str, int]:
    """Host and port of an address that may be kept. Raises BadAddress; looks nothing up."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress(_("网址写错了")) from None
    schemes = {"https"} if settings.PRODUCTION else {"https", "http"}
    if parts.scheme not in schemes:
        raise BadAddress(_("回传地址须以 https:// 开头"))
    if not parts.hostname:
        raise BadAddress(_("网址里没有主机名"))
    if parts.username or parts.password:
        raise BadAddress(_("网址里不能带用户名和密码"))
    if parts.fragment:
        raise BadAddress(_("网址里不能有 # 之后的部分"))
    host = parts.hostname
    if not _is_private_allowed(host):
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            if host == "localhost" or "." not in host:
                raise BadAddress(_("回传地址不能指向内部网络")) from None
        else:
            _refuse_private(literal)
    return host, port or (443 if parts.scheme == "https" else 80)


def resolve(url: str) -> tuple[str, int]:
    """The IP address and port to connect to now. Raises BadAddress or OSError (try again)."""
    host, port = check(url)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    if not _is_private_allowed(host):
        for address in addresses:
            _refuse_private(ipaddress.ip_address(address.partition("%")[0]))
    return addresses[0], port


def _is_private_allowed(host: str) -> bool:
    return host.lower() in {name.lower() for name in settings.CALLBACK_PRIVATE_HOSTS}


def _refuse_private(address) -> None:
    address = getattr(address, "ipv4_mapped", None) or address
    if not address.is_global or address.is_multicast or address.is_reserved:
        raise BadAddress(_("回传地址不能指向内部网络"))
