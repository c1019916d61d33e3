"""A recording client on paper: what it sends to a `RecordingServer`, and what came back."""

from typing import Any, TypeVar

from appliance.telephony.sdp import Description, parse_sdp
from appliance.telephony.sip_actions import Action, Closed, Offered, Peer, Refused, Send
from appliance.telephony.sip_digest import DigestGuard
from appliance.telephony.sip_headers import parse_address
from appliance.telephony.sip_message import Request, Response, parse_message, value
from appliance.telephony.siprec_server import Admission, RecordingServer
from tests.telephony.siprec_messages import request

PEER = Peer("udp", "192.0.2.10", 5060, "192.0.2.1", 5060)
_Kind = TypeVar("_Kind", bound=tuple[Any, ...])


class Client:
    """Ports are given at once unless `patient`. `actions` are those of the last message."""

    def __init__(self, admission: Admission | None = None, guard: DigestGuard | None = None, peer: Peer = PEER) -> None:
        admission = admission or Admission(max_sessions=2)
        self.server = RecordingServer(admission, lambda host: host != "203.0.113.9", guard, b"secret")
        self.peer = peer
        self.now_s = 100.0
        self.actions: list[Action] = []
        self.to_tag = ""
        self.next_port = 40_000
        self.patient = False

    def send(self, data: bytes, peer: Peer | None = None) -> list[Action]:
        self.actions = self.server.receive(data, peer or self.peer, self.now_s)
        if not self.patient:
            self.give_ports()
        return self.actions

    def give_ports(self) -> None:
        for offered in self.all(Offered):
            ports = {stream.section: self.next_port + 2 * at for at, stream in enumerate(offered.streams)}
            self.actions += self.server.accept(offered.session, ports, {}, self.now_s)

    def invite(self, call_id: str = "call-1", **more: Any) -> Response:
        self.send(request("INVITE", call_id=call_id, **more))
        answer = self.answer()
        self.to_tag = parse_address(value(answer, "To") or "").tag
        return answer

    def start(self, call_id: str = "call-1", **more: Any) -> Response:
        answer = self.invite(call_id, **more)
        assert answer.status == 200
        self.inside("ACK", more.get("cseq", 1), call_id)
        return answer

    def inside(self, method: str, cseq: int, call_id: str = "call-1", body: bytes | None = None, **more: Any) -> None:
        more.setdefault("more", ("Supported: timer",))
        self.send(request(method, body, cseq=cseq, call_id=call_id, to_tag=self.to_tag, **more))

    def wait(self, seconds: float) -> list[Action]:
        """Let time pass, waking the server whenever it asks for it."""
        until_s, self.actions = self.now_s + seconds, []
        while self.server.wake_s <= until_s:
            self.now_s = max(self.now_s, self.server.wake_s)
            self.actions += self.server.wake(self.now_s)
        self.now_s = until_s
        return self.actions

    def all(self, kind: type[_Kind]) -> list[_Kind]:
        return [each for each in self.actions if isinstance(each, kind)]

    def messages(self) -> list[Request | Response]:
        return [parse_message(sent.data) for sent in self.all(Send)]

    def answer(self) -> Response:
        (answer,) = (message for message in self.messages() if isinstance(message, Response))
        return answer

    def statuses(self) -> list[int]:
        return [message.status for message in self.messages() if isinstance(message, Response)]

    def asked(self) -> list[Request]:
        return [message for message in self.messages() if isinstance(message, Request)]

    def closed(self) -> list[str]:
        return [each.reason for each in self.all(Closed)]

    def refused(self) -> list[int]:
        return [each.status for each in self.all(Refused)]

    def description(self) -> Description:
        return parse_sdp(self.answer().body)
