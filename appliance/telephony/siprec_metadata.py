"""What a recording client says about the call that it records (RFC 7865).

Read in the dialects that are met: the RFC's own (associations as elements of their own), and that of the drafts before
it, which several vendors speak (`dataMode`, `id` instead of `participant_id`, `send` inside the participant). What is
not known here is kept as an extension.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from appliance.telephony.safe_xml import Element, parse_xml
from appliance.telephony.sip_status import RefusedError

MAX_OBJECTS: Final = 64
"""Participants, or streams, or sessions: a conference of that many is not a call at a desk."""

MAX_EXTENSIONS: Final = 64
MAX_TEXT: Final = 256
"""Of a name, an address, an identifier or an extension's text, in characters."""


class Participant(NamedTuple):
    """Somebody in the call: addresses of record as given, and a name; both may be empty."""

    id: str
    addresses: tuple[str, ...] = ()
    name: str = ""


class Stream(NamedTuple):
    """A media stream; `label` ties it to the section of the session description with the same `a=label`."""

    id: str
    label: str


class Metadata(NamedTuple):
    """The state of a recorded call. `senders` maps a stream's id to the participants whose voice it carries.

    `call_ids` are the recorded call's own identifiers (session ids, SIP session ids), the best-known first.
    `started_at` as written, "" when not told. `extensions` are vendors' additions by name.
    """

    participants: Mapping[str, Participant]
    streams: Mapping[str, Stream]
    senders: Mapping[str, frozenset[str]]
    call_ids: tuple[str, ...]
    started_at: str
    extensions: Mapping[str, str]


EMPTY: Final = Metadata({}, {}, {}, (), "", {})


def parse_metadata(data: bytes, before: Metadata = EMPTY) -> Metadata:
    """Read a metadata document; a partial one (RFC 7865 §5.1.1) changes `before`, a complete one replaces it.

    Raises `RefusedError` for what is not readable as metadata.
    """
    root = parse_xml(data)
    if root.name != "recording":
        raise RefusedError(400, "the metadata is no recording element")
    partial = root.first("datamode").lower() == "partial"
    base = before if partial else EMPTY
    gone = set(_disassociated(root))
    participants = dict(base.participants) | {each.id: each for each in _participants(root, base)}
    streams = dict(base.streams) | {each.id: each for each in _streams(root)}
    senders = _senders(root, base)
    if max(len(participants), len(streams), len(senders)) > MAX_OBJECTS:
        raise RefusedError(400, f"the metadata names more than {MAX_OBJECTS} participants or streams")
    return Metadata(
        {key: each for key, each in participants.items() if key not in gone},
        streams,
        {stream: voices - gone for stream, voices in senders.items()},
        tuple(dict.fromkeys((*base.call_ids, *_call_ids(root))))[:MAX_OBJECTS],
        base.started_at or _started_at(root),
        dict(list((dict(base.extensions) | dict(_extensions(root))).items())[:MAX_EXTENSIONS]),
    )


def voices(metadata: Metadata, label: str) -> tuple[Participant, ...]:
    """Give the participants whose voice the stream with this label carries; nobody when the metadata does not say."""
    ids = [stream.id for stream in metadata.streams.values() if stream.label == label]
    speaking = frozenset[str]().union(*(metadata.senders.get(each, frozenset()) for each in ids))
    return tuple(each for each in metadata.participants.values() if each.id in speaking)


def _participants(root: Element, base: Metadata) -> Iterator[Participant]:
    for element in root.all("participant"):
        key = _id(element, "participant_id")
        before = base.participants.get(key, Participant(key))
        names = element.all("nameid")
        addresses = _clipped(each.attributes.get("aor", "") for each in names)
        # The drafts had `aor` as an element of the participant itself.
        addresses += _clipped(each.text for each in element.all("aor"))
        name = next(iter(_clipped(each.first("name") for each in names)), "") or element.first("name")[:MAX_TEXT]
        yield Participant(key, tuple(addresses) or before.addresses, name or before.name)


def _streams(root: Element) -> Iterator[Stream]:
    for element in root.all("stream"):
        label = element.first("label") or element.attributes.get("label", "")
        yield Stream(_id(element, "stream_id"), label[:MAX_TEXT])


def _senders(root: Element, base: Metadata) -> dict[str, frozenset[str]]:
    """Give who is heard in which stream, by associations or by `send` inside the participants."""
    senders: dict[str, set[str]] = {stream: set(voices) for stream, voices in base.senders.items()}
    told = [*root.all("participantstreamassoc"), *root.all("participant")]
    for element in told:
        key = _id(element, "participant_id")
        sends = [_reference(each) for each in element.all("send")]
        if sends:  # what a participant sends now replaces what it sent before
            for members in senders.values():
                members.discard(key)
        for stream in sends:
            senders.setdefault(stream, set()).add(key)
    return {stream: frozenset(members) for stream, members in senders.items()}


def _disassociated(root: Element) -> Iterator[str]:
    """Give the participants who have left the call (RFC 7865 §6.8): in the RFC's form, and in the drafts'."""
    for element in [*root.all("participantsessionassoc"), *root.all("participant")]:
        if element.first("disassociate-time"):
            yield _id(element, "participant_id")


def _call_ids(root: Element) -> list[str]:
    found: list[str] = []
    for element in root.all("session"):
        found += [element.first("sipsessionid"), _id(element, "session_id")]
    return _clipped(found)


def _started_at(root: Element) -> str:
    times = (each.first("start-time") or each.first("associate-time") for each in root.all("session"))
    associated = (each.first("associate-time") for each in root.all("sessionrecordingassoc"))
    return next((text[:MAX_TEXT] for text in (*times, *associated) if text), "")


def _extensions(root: Element) -> Iterator[tuple[str, str]]:
    """Give each text under an element of another namespace, or in an extension, by the path of local names."""
    for child in root.children:
        yield from _foreign(child, root.namespace, "")


def _foreign(element: Element, namespace: str, path: str) -> Iterator[tuple[str, str]]:
    is_foreign = bool(path) or element.namespace != namespace or element.name == "extensiondata"
    here = f"{path}/{element.name}".strip("/") if is_foreign else ""
    if is_foreign and element.text:
        yield here[:MAX_TEXT], element.text[:MAX_TEXT]
    for child in element.children:
        yield from _foreign(child, namespace, here)


def _id(element: Element, name: str) -> str:
    """Give an element's identifier in the RFC's name or in the drafts'."""
    return (element.attributes.get(name) or element.attributes.get("id", ""))[:MAX_TEXT]


def _reference(element: Element) -> str:
    return (element.text or element.attributes.get("id", ""))[:MAX_TEXT]


def _clipped(texts: Iterable[str]) -> list[str]:
    return [text.strip()[:MAX_TEXT] for text in texts if text.strip()][:MAX_OBJECTS]
