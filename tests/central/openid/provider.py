"""A real OpenID provider as a process of its own: the server part of Authlib, with three accounts and a page to choose.

    python -m tests.central.openid.provider PORT_FILE

It demands PKCE and the client's secret. `POST /rotate` gives it another key.
"""

import html
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from joserfc.jwk import RSAKey

CLIENT: Final = "undertone"
SECRET: Final = "the client's secret"  # noqa: S105 - of this provider
CALLBACK: Final = "/sign-in/openid/callback"

ACCOUNTS: Final[dict[str, dict[str, Any]]] = {
    "sam": {"sub": "1001", "preferred_username": "sam@example.com", "groups": ["staff", "call-supervisors"]},
    "otto": {"sub": "1002", "preferred_username": "otto@example.com", "groups": ["compliance"]},
    "nora": {"sub": "1003", "preferred_username": "nora@example.com", "groups": ["staff"]},
}


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: list[tuple[str, str]]


class Code(NamedTuple):
    """A code that was given out; Authlib asks it by these names."""

    value: str
    payload: dict[str, str]
    account: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.payload["redirect_uri"]

    def get_scope(self) -> str:
        return self.payload["scope"]

    def get_nonce(self) -> str | None:
        return self.payload.get("nonce")

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Client:
    """The one client that is registered; Authlib asks it by these names."""

    client_id = CLIENT

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return urlsplit(uri).path == CALLBACK

    def check_client_secret(self, secret: str) -> bool:
        return unquote_plus(secret) == SECRET  # in a header both are encoded as in a form (RFC 6749, section 2.3.1)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc] # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        sent = request.payload.data
        given = Code(code, sent, request.user, sent["code_challenge"], sent["code_challenge_method"])
        self.server.codes[code] = given

    def query_authorization_code(self, code: str, _client: Client) -> Code | None:
        found: Code | None = self.server.codes.get(code)
        return found

    def delete_authorization_code(self, code: Code) -> None:
        del self.server.codes[code.value]

    def authenticate_user(self, code: Code) -> str:
        return code.account


class IdTokens(OpenIDCode):  # type: ignore[misc] # as above
    def __init__(self, server: "Server") -> None:
        super().__init__(require_nonce=True)
        self._server = server

    def exists_nonce(self, nonce: str, _request: Any) -> bool:
        return any(code.get_nonce() == nonce for code in self._server.codes.values())

    def get_client_algorithm(self, _client: Client) -> str:
        return "RS256"

    def get_encode_header(self, _client: Client) -> dict[str, str]:
        return {"alg": "RS256", "kid": self._server.kid}

    def resolve_client_private_key(self, _client: Client) -> RSAKey:
        return self._server.key

    def get_compatible_claims(self, request: Any) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self._server.issuer, "aud": [request.client.client_id], "iat": now, "exp": now + 300}

    def generate_user_info(self, account: str, _scope: str) -> dict[str, Any]:
        return ACCOUNTS[account]


class Asked(OAuth2Request):  # type: ignore[misc] # as above
    def __init__(self, method: str, uri: str, headers: Any, fields: dict[str, str]) -> None:
        super().__init__(method, uri, headers=headers)
        self.payload = BasicOAuth2Payload(fields)
        self.fields = fields

    @property
    def args(self) -> dict[str, str]:
        return self.fields

    @property
    def form(self) -> dict[str, str]:
        return self.fields


class Server(AuthorizationServer):  # type: ignore[misc] # as above
    def __init__(self) -> None:
        super().__init__()
        self.issuer = ""
        self.codes: dict[str, Code] = {}
        self.rotate()
        self.register_grant(CodeGrant, [IdTokens(self), CodeChallenge(required=True)])
        self.register_token_generator("default", BearerTokenGenerator(lambda **_: os.urandom(16).hex()))

    def rotate(self) -> None:
        self.kid = os.urandom(4).hex()
        self.key = RSAKey.generate_key(2048, {"kid": self.kid, "use": "sig"})

    def query_client(self, client_id: str) -> Client | None:
        return Client() if client_id == CLIENT else None

    def save_token(self, token: Any, request: Any) -> None:
        """Nobody asks for it again."""

    def create_oauth2_request(self, request: Asked) -> Asked:
        return request

    def send_signal(self, *_: Any, **__: Any) -> None:
        """Nobody listens."""

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        encoded = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return Answer(status, encoded, list(headers))


SERVER: Final = Server()


class Web(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        place, fields = urlsplit(self.path), dict(parse_qsl(urlsplit(self.path).query))
        issuer = SERVER.issuer
        match place.path:
            case "/.well-known/openid-configuration":
                ends = {f"{name}_endpoint": f"{issuer}/{name}" for name in ("authorization", "token", "end_session")}
                self._json({"issuer": issuer, "jwks_uri": f"{issuer}/keys"} | ends)
            case "/keys":
                self._json({"keys": [SERVER.key.as_dict(private=False), {"kty": "oct", "k": "AAAA"}, "nonsense"]})
            case "/authorization":
                self._authorize(fields)
            case "/end_session":
                self._say(Answer(200, f"<h1>Signed out</h1><p>{html.escape(self.path)}".encode(), []))
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        fields = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()))
        if self.path == "/rotate":
            SERVER.rotate()
            self._json({})
        else:
            asked = Asked("POST", SERVER.issuer + self.path, self.headers, fields)
            self._say(SERVER.create_token_response(asked))

    def _authorize(self, fields: dict[str, str]) -> None:
        account = fields.pop("account", None)
        if account is None:
            links = "".join(
                f'<p><a href="{html.escape(f"{self.path}&account={name}")}">{name}</a>' for name in ACCOUNTS
            )
            return self._say(Answer(200, f"<h1>Who are you?</h1>{links}<p>{html.escape(self.path)}".encode(), []))
        asked = Asked("GET", SERVER.issuer + self.path, self.headers, fields)
        try:
            grant = SERVER.get_consent_grant(asked, end_user=account)
        except OAuth2Error as error:
            return self._say(SERVER.handle_error_response(asked, error))
        return self._say(SERVER.create_authorization_response(asked, account, grant=grant))

    def _json(self, content: Any) -> None:
        self._say(Answer(200, json.dumps(content).encode(), [("Content-Type", "application/json")]))

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in dict([("Content-Type", "text/html"), *answer.headers]).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


def main() -> None:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # on this machine
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    SERVER.issuer = f"http://127.0.0.1:{server.server_port}"
    draft = Path(sys.argv[1] + ".new")
    draft.write_text(SERVER.issuer)
    draft.rename(sys.argv[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
