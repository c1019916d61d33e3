"""Who of a call that was overheard is the agent: by where the telephone stands, or by its number or address."""

import ipaddress
import re
from typing import NamedTuple

from appliance.errors import BadInputError
from appliance.telephony.sip_headers import parse_uri
from appliance.telephony.sip_status import RefusedError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AgentRule(NamedTuple):
    """What tells an agent: a network of their telephones, or a pattern of users or whole URIs; any one suffices."""

    networks: tuple[Network, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()

    def is_agent(self, host: bytes, uri: str = "") -> bool:
        """Say whether the party whose voice is sent and heard at `host` (4 or 16 bytes) is an agent."""
        address = ipaddress.ip_address(host)
        if any(address in network for network in self.networks):
            return True
        names = (uri, _user(uri))
        return any(pattern.fullmatch(name) for pattern in self.patterns for name in names if name)


def agent_rule(texts: tuple[str, ...]) -> AgentRule:
    """Read what a person wrote: "10.20.0.0/16", "10.20.3.7", "2*" (a user part) or "sip:*@agents.example".

    Raises `BadInputError` for what looks like a network and is none.
    """
    networks: list[Network] = []
    patterns: list[re.Pattern[str]] = []
    for text in texts:
        if re.fullmatch(r"[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*(/\d+)?", text):
            networks.append(_network(text))
        else:
            patterns.append(re.compile(".*".join(map(re.escape, text.split("*"))), re.IGNORECASE))
    return AgentRule(tuple(networks), tuple(patterns))


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        mend = 'write e.g. "10.20.0.0/16" or "10.20.3.7"'
        raise BadInputError(f"{text!r} is no address and no network", where="`line.agents`", mend=mend) from error


def _user(uri: str) -> str:
    try:
        return parse_uri(uri).user
    except RefusedError:
        return ""
