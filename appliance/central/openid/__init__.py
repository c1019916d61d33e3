"""Signing in through the customer's own OpenID Connect provider, beside names and passwords.

The authorisation code flow of OpenID Connect Core 1.0 with PKCE (RFC 7636), in the order of what happens:

1. `door.OpenIdDoor` sends the browser to the provider. State, nonce and PKCE verifier are random, and wait in a cookie
   of this browser alone, so that an answer that somebody else began is refused here.
2. `provider.Provider` knows where that is from the issuer's own document (OpenID Connect Discovery 1.0). A provider
   that cannot be reached stops nothing but this way to sign in.
3. The browser comes back with a code, which `provider.Provider.claims` changes for an ID token.
4. `id_token.verified` checks it against the provider's keys, and `id_token.person` makes of its claims who this is.
   Whoever has no role by `settings.OpenId.grants` is not let in.
"""
