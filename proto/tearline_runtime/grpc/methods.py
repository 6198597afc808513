"""Calls between a node and the exchange, by their full gRPC names.

Requests and replies are the byte strings of ``tearline.wire``; gRPC does not interpret them.
"""

PUBLISH = "/tearline.v1.Exchange/Publish"
"""Unary: a publication, answered by outcomes in the order of its statements."""

PUBLISH_STREAM = "/tearline.v1.Exchange/PublishStream"
"""Bidirectional stream of the same; each reply answers one request, in order."""

SUBSCRIBE = "/tearline.v1.Exchange/Subscribe"
"""A cursor, answered by a stream of deliveries: first the present items, then new ones."""

ACKNOWLEDGE = "/tearline.v1.Exchange/Acknowledge"
"""A cursor: all up to it is durable at the node. Answered by that of the mailbox's newest item."""

RECONCILE = "/tearline.v1.Exchange/Reconcile"
"""A node's state after a loss, answered by the exchange's state."""

ENTRIES = "/tearline.v1.Trust/Entries"
"""A range of log entries, answered by entries and a checkpoint over at least them."""

COSIGN = "/tearline.v1.Trust/Cosign"
"""A node's cosignature, answered by other cosigners' notes; at once, or once the log has grown."""

LIGHT_TURN = "/tearline.v1.Light/Turn"
"""A light node's state, answered by its next turn."""

LIGHT_LEAVES = "/tearline.v1.Light/Leaves"
"""Agencies, answered by their states in the directory at a turn."""

LIGHT_ENTRIES = "/tearline.v1.Light/Entries"
"""Indexes, or an agency, answered by entries with their inclusion proofs."""

BLOB_OFFER = "/tearline.v1.Blobs/Offer"
"""A large document with its parts' hashes, answered by how many of its parts the exchange has."""

BLOB_PUT = "/tearline.v1.Blobs/Put"
"""A sealed part of an offered document, answered likewise, once it is durable."""

BLOB_LEAVES = "/tearline.v1.Blobs/Leaves"
"""A grant, a slot and a number, answered by leaf hashes of the slot's document from it on."""

BLOB_GET = "/tearline.v1.Blobs/Get"
"""A grant, a slot and a number, answered by that sealed part of the slot's document."""

SEARCH = "/tearline.v1.Audit/Search"
"""An auditor's query, answered by pages of proven events. Needs a person's token."""

AUTHORIZATION = "authorization"
"""Metadata key of a person's access token: ``Bearer <token>``."""

REFUSAL = "tearline-refusal-bin"
"""Trailing metadata key of a refused call: the encoded refusal."""
