"""The rest of a partly answered message, so that no place in a channel stays empty.

An accepted statement is done. An early statement, or one without room, is sent again unchanged. A
void takes the place of a refused statement, before all later ones.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import replace

from tearline.errors import ChannelGap, ExchangeBusy, MailboxFull, StatementConflict
from tearline.statements.channel import Void, VoidReason
from tearline.statements.signer import Leaf, Signer
from tearline.statements.statement import Header, Statement, StatementType, statement_id
from tearline.wire.addresses import address_of
from tearline.wire.bundles import Bundle, bundle
from tearline.wire.grants import (
    encode_void,
    parse_grant,
    parse_mark,
    parse_void,
)
from tearline.wire.publications import Publication

Unsigned = tuple[StatementType, bytes]
Renewed = Callable[[bytes, Header, int], bytes]

_NOT_YET = frozenset({ChannelGap.code, MailboxFull.code, ExchangeBusy.code})
"""Refusals after which a statement is sent again unchanged: too early, or no room yet."""


def thread_of(statement: Statement) -> Hashable:
    """Returns the ordering scope of a statement: its channel, or itself if it has none."""
    if statement.type is StatementType.MARK:
        mark = parse_mark(statement.body)
        return mark.recipient, mark.agreement_id
    address = address_of(statement)
    return statement.id if address is None else (address.recipient, address.agreement_id)


def is_behind(statement: Statement, held: Collection[Hashable]) -> bool:
    """Returns whether a statement must wait for a held one, in its channel or of its packet."""
    if thread_of(statement) in held:
        return True
    return statement.type is StatementType.GRANT and parse_grant(statement.body).packet in held


def replacement_for(
    statement: Statement,
    code: str,
    *,
    final: bool,
    header: Header,
    now_ms: int,
    renewed: Renewed | None = None,
) -> Unsigned | None:
    """Returns the replacement for a refused statement, or None.

    Args:
        statement: The statement.
        code: Code of the refusal.
        final: Whether the refusal is final.
        header: Our current header: the key that signed the statement may have ended.
        now_ms: The time, Unix milliseconds.
        renewed: Returns the statement's body under that header; None if a void takes its place.
    """
    if statement.type is StatementType.VOID and (void := parse_void(statement.body)).withdraws:
        # The place is filled in any case: by the grant that it would withdraw, or by a void.
        return None if final else (StatementType.VOID, encode_void(replace(void, header=header)))
    if not final:
        if code in _NOT_YET:
            return statement.type, statement.body
        if renewed is not None:
            return statement.type, renewed(statement.body, header, now_ms)
    if statement.type is StatementType.VOID and code == StatementConflict.code:
        return None  # the place is filled already, which is a void's only purpose
    address = address_of(statement)
    if address is None:
        return None
    void = Void(header=header, address=address, reason=VoidReason.REFUSED)
    return StatementType.VOID, encode_void(void)


def remaining(
    publication: Publication,
    kept: Collection[bytes],
    instead: Mapping[bytes, Unsigned],
    signer: Signer,
) -> Publication:
    """Returns a publication with some of its statements, and replacements for others.

    Args:
        publication: The original; kept statements keep their signatures.
        kept: Statement ids.
        instead: Newly signed replacements, by the id of the replaced statement.
        signer: Signs those.
    """
    rank = {statement.id: n for n, statement in enumerate(publication.statements())}
    bundles = [_showing(each, kept) for each in publication.bundles]
    bundles = [each for each in bundles if each.statements()]
    if instead:
        bundles.append(bundle(signer.sign(list(instead.values()))))
        rank |= {statement_id(*new): rank[old] for old, new in instead.items()}
    ranks = [rank[statement.id] for each in bundles for statement in each.statements()]
    return Publication(
        bundles=tuple(bundles),
        order=tuple(sorted(range(len(ranks)), key=ranks.__getitem__)),
        signed=tuple(each for each in publication.signed if each.statement.id in kept),
        parts=tuple(each for each in publication.parts if each.manifest in kept),
    )


def _showing(whole: Bundle, kept: Collection[bytes]) -> Bundle:
    leaves = [
        leaf.hash
        if isinstance(leaf, Leaf) and statement_id(leaf.type, leaf.body) not in kept
        else leaf
        for leaf in whole.leaves
    ]
    return replace(whole, leaves=tuple(leaves))
