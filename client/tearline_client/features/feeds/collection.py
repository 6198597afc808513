"""Collections of a feed: the packets of one article of an agreement, or of one case."""

import uuid
from collections.abc import Callable

from tearline.cases.case import case_id_of
from tearline.dataclass.immutable import immutable
from tearline.encoding import prefixed
from tearline.packets.packet import Manifest

Tag = Callable[[bytes], bytes]
"""Returns a keyed hash of 16 bytes."""


@immutable
class Collection:
    """A collection: packets of an article of an agreement, or of a case.

    Attributes:
        agreement_id: 16 bytes; empty for a case.
        article: The article; empty for a case.
        case_id: 16 bytes; empty for an article.
    """

    agreement_id: bytes = b""
    article: str = ""
    case_id: bytes = b""

    def key(self, tag: Tag) -> bytes:
        """Returns 16 bytes that the store finds the collection by."""
        parts = (self.agreement_id, self.article.encode(), self.case_id)
        return tag(b"collection" + b"".join(map(prefixed, parts)))

    def id(self, tag: Tag) -> str:
        """Returns the id that readers use, a UUID that does not name the agreement."""
        return str(uuid.UUID(bytes=self.key(tag), version=4))


def collections_of(manifest: Manifest) -> tuple[Collection, ...]:
    """Returns the collections that a packet is in."""
    about = manifest.agreement
    of_article = Collection(agreement_id=about.id, article=about.article)
    case_id = case_id_of(manifest.case_id)
    return (of_article, Collection(case_id=case_id)) if case_id else (of_article,)
