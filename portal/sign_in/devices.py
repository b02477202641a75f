"""Where a person is signed in, told so that they recognise it and nobody learns an address."""

import ipaddress
from dataclasses import dataclass

from allauth.usersessions.models import UserSession
from django.utils.translation import gettext as _

PROGRAMS = (
    ("MicroMessenger", "微信"),
    ("HuaweiBrowser", "华为浏览器"),
    ("MiuiBrowser", "小米浏览器"),
    ("Edg", "Edge"),
    ("QQBrowser", "QQ 浏览器"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
KINDS = (
    ("iPad", "平板"),
    ("iPhone", "苹果手机"),
    ("HarmonyOS", "华为手机"),
    ("Android", "安卓手机"),
    ("Windows", "Windows 电脑"),
    ("Mac OS", "苹果电脑"),
    ("Linux", "Linux 电脑"),
)


@dataclass(frozen=True)
class Device:
    session: UserSession

    @property
    def name(self) -> str:
        agent = self.session.user_agent
        known = [
            next((word for sign, word in signs if sign in agent), "") for signs in (KINDS, PROGRAMS)
        ]
        return " · ".join(filter(None, known)) or _("未知设备")

    @property
    def is_phone(self) -> bool:
        return any(sign in self.session.user_agent for sign in ("iPhone", "Android", "HarmonyOS"))

    @property
    def address(self) -> str:
        return mask_address(self.session.ip)


def mask_address(address: str) -> str:
    """203.0.*.*; the first two groups of an IPv6 address."""
    known = ipaddress.ip_address(address)
    if known.version == 4:
        return ".".join(address.split(".")[:2]) + ".*.*"
    return ":".join(known.exploded.split(":")[:2]) + ":*"
