"""A small XML reader for documents from strangers: no document type, no entities, bounded (RFC 3470 §7.1).

Names are compared without their namespace and without case: the vendors' dialects agree in little else.
"""

from typing import Final, NamedTuple
from xml.parsers import expat

from appliance.telephony.sip_status import RefusedError

MAX_XML_BYTES: Final = 65_536
MAX_DEPTH: Final = 16
"""SIPREC metadata is five deep; extensions add a few."""
MAX_ELEMENTS: Final = 4_096


class Element(NamedTuple):
    """An element: local name in lower case, namespace ("" for none), attributes by local name, text, children."""

    name: str
    namespace: str
    attributes: dict[str, str]
    text: str
    children: tuple["Element", ...]

    def all(self, name: str) -> list["Element"]:
        """Give the children of this name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> str:
        """Give the text of the first child of this name, "" for none."""
        return next((child.text for child in self.children if child.name == name), "")


def parse_xml(data: bytes) -> Element:
    """Read a document. Raises `RefusedError`: 413 when it is too large, 400 for what is malformed or forbidden."""
    if len(data) > MAX_XML_BYTES:
        raise RefusedError(413, f"metadata of more than {MAX_XML_BYTES} bytes")
    return _Reader().read(data)


class _Open:
    def __init__(self, name: str, namespace: str, attributes: dict[str, str]) -> None:
        self.name, self.namespace, self.attributes = name, namespace, attributes
        self.text: list[str] = []
        self.children: list[Element] = []

    def closed(self) -> Element:
        text = "".join(self.text).strip()
        return Element(self.name, self.namespace, self.attributes, text, tuple(self.children))


class _Reader:
    def __init__(self) -> None:
        self._open: list[_Open] = [_Open("", "", {})]
        self._elements = 0

    def read(self, data: bytes) -> Element:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            # White space before the declaration is not XML, and some clients send it.
            parser.Parse(data.strip(), True)  # noqa: FBT003 - expat takes no keyword
        except (expat.ExpatError, LookupError, ValueError) as error:
            # LookupError and ValueError: the declaration names an encoding that Python does not know, or of many bytes.
            raise RefusedError(400, f"the metadata is not XML: {error}") from None
        return self._open[0].children[0]

    def _refuse_document_type(self, *_: object) -> None:
        raise RefusedError(400, "the metadata has a document type; entities are not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._open) > MAX_DEPTH:
            raise RefusedError(400, "the metadata has too many elements, or they are nested too deeply")
        namespace, _, local = name.rpartition(" ")
        plain = {key.rpartition(" ")[2].lower(): content for key, content in attributes.items()}
        self._open.append(_Open(local.lower(), namespace, plain))

    def _end(self, _: str) -> None:
        closed = self._open.pop().closed()
        self._open[-1].children.append(closed)

    def _text(self, text: str) -> None:
        self._open[-1].text.append(text)
