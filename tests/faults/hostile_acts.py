"""What a hostile member does, each act one function; add a row to ``ACTS``, and it is drawn, too.

An act ends by itself within seconds. What the exchange answers is counted, and not judged here:
that is for whoever watches the honest.
"""

from collections.abc import Awaitable, Callable, Mapping

import grpc.aio

from faults.hostile_calls import (
    broken_chunks,
    calls_given_up,
    calls_without_a_message,
    certificates_of_year_0,
    messages_without_an_end,
    noise,
    reads_by_the_hundred,
    subscribers_of_many_names,
)
from faults.hostile_member import Hostile
from faults.hostile_packets import (
    documents_without_parts,
    legs_by_the_thousand,
    legs_of_the_last_year,
    links_by_the_thousand,
    mail_past_a_suspension,
    mislabelled_fields,
    oversize_deliveries,
    references_of_a_stranger,
    sealed_to_nobody,
)
from faults.hostile_records import (
    agreements_of_two,
    an_agreement_of_others,
    authorities_of_each_kind,
    changing_marks,
    keys_of_one_node,
    nodes_of_one_agency,
    overseen_by_others,
    proposals_to_strangers,
    refusals_without_end,
    standings_without_end,
)
from tearline.errors import TearlineError

Act = Callable[[Hostile], Awaitable[None]]

ACTS: Mapping[str, Act] = {
    act.__name__: act
    for act in (
        mislabelled_fields,
        sealed_to_nobody,
        oversize_deliveries,
        legs_by_the_thousand,
        legs_of_the_last_year,
        calls_without_a_message,
        messages_without_an_end,
        subscribers_of_many_names,
        reads_by_the_hundred,
        calls_given_up,
        noise,
        broken_chunks,
        standings_without_end,
        keys_of_one_node,
        nodes_of_one_agency,
        agreements_of_two,
        overseen_by_others,
        proposals_to_strangers,
        references_of_a_stranger,
        an_agreement_of_others,
        documents_without_parts,
        links_by_the_thousand,
        mail_past_a_suspension,
        authorities_of_each_kind,
        certificates_of_year_0,
        changing_marks,
        refusals_without_end,
    )
}
"""Every act, by name."""

FOR_ALL = (
    authorities_of_each_kind,
    certificates_of_year_0,
    changing_marks,
    documents_without_parts,
    links_by_the_thousand,
    refusals_without_end,
)
"""Those that stop all others, or fill the log or disk of all, unless something is bounded."""

REFUSED = (TearlineError, grpc.aio.AioRpcError, OSError, TimeoutError)
"""How an act ends that the exchange puts an end to."""
