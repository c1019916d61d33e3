"""Who of a recorded call is the agent and who the caller, by a rule that the settings give."""

import re
from typing import Final, Literal, NamedTuple

from appliance.telephony.siprec_metadata import Metadata, Participant, voices

Role = Literal["agent", "caller"]

MAX_COMPARED: Final = 256
"""Characters of an address or a name that are compared; no person's is longer."""


class AgentRule(NamedTuple):
    """How the agent is told: patterns with `*` and `?` for addresses and for names, else the place of the stream.

    A pattern is compared with the whole address or name, without case; an address also without its scheme, and only
    its user part. `stream` decides, 0 for the first and 1 for the second, when no pattern tells exactly one.
    """

    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    stream: int = 0


class Cast(NamedTuple):
    """Which stream carries whose voice, by label. `by`: what decided it; "place" is a guess that people should see.

    `mixed` holds labels of streams that carry more than one voice.
    """

    roles: dict[str, Role]
    people: dict[Role, Participant]
    by: Literal["rule", "place"]
    mixed: frozenset[str]


def cast_roles(rule: AgentRule, metadata: Metadata, labels: tuple[str, ...]) -> Cast:
    """Say who is who in the streams with these labels, in the order of the session description.

    Of one side only one stream is taken: the first one.
    """
    speakers = {label: voices(metadata, label) or _by_place(metadata, at, labels) for at, label in enumerate(labels)}
    mixed = frozenset(label for label, people in speakers.items() if len(people) > 1)
    agents = [label for label in labels if any(is_agent(rule, each) for each in speakers[label])]
    # A stream of two voices, or a rule that fits everybody or nobody, tells nothing about who is who.
    decided = 0 < len(agents) < len(labels) and not mixed
    roles: dict[str, Role] = {}
    for at, label in enumerate(labels):
        is_agent_here = label in agents if decided else at == rule.stream
        role: Role = "agent" if is_agent_here and len(labels) > 1 else "caller"
        if role not in roles.values():
            roles[label] = role
    if len(labels) == 1 and agents and not mixed:
        roles[labels[0]] = "agent"
    people = {role: speakers[label][0] for label, role in roles.items() if speakers[label] and label not in mixed}
    return Cast(roles, people, "rule" if decided or (len(labels) == 1 and bool(agents)) else "place", mixed)


def is_agent(rule: AgentRule, person: Participant) -> bool:
    """Say whether a pattern of the rule fits this person."""
    by_address = any(_fits(pattern, form) for pattern in rule.addresses for form in _forms(person.addresses))
    return by_address or any(_fits(pattern, person.name) for pattern in rule.names if person.name)


def _by_place(metadata: Metadata, at: int, labels: tuple[str, ...]) -> tuple[Participant, ...]:
    """Give the participant in the same place, when the metadata says nothing of who speaks where."""
    people = tuple(metadata.participants.values())
    return people[at : at + 1] if not metadata.senders and len(people) == len(labels) else ()


def _forms(addresses: tuple[str, ...]) -> list[str]:
    """Give an address whole, without its scheme, and its user part alone; all without parameters."""
    forms = []
    for address in addresses:
        whole = address.partition(";")[0]
        bare = whole.partition(":")[2] or whole
        forms += [whole, bare, bare.partition("@")[0]]
    return forms


def _fits(pattern: str, text: str) -> bool:
    """Compare with `*` and `?`; each `*` takes as little as it can, and is never tried again after the next piece."""
    first, *pieces = re.sub(r"\*+", "*", pattern.casefold()).split("*")
    text = text.casefold()[:MAX_COMPARED]
    if not pieces:
        return len(first) == len(text) and _at(first, text, 0)
    if not _at(first, text, 0):
        return False
    at = len(first)
    for piece in pieces[:-1]:
        at = next((here for here in range(at, len(text) + 1) if _at(piece, text, here)), -1)
        if at < 0:
            return False
        at += len(piece)
    last = len(text) - len(pieces[-1])
    return last >= at and _at(pieces[-1], text, last)


def _at(piece: str, text: str, at: int) -> bool:
    here = text[at : at + len(piece)]
    return len(here) == len(piece) and all(mark in {"?", char} for mark, char in zip(piece, here, strict=True))
