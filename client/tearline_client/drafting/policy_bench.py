"""Questions to policies: a decision with its reasons, and each partner's view, before adoption.

The command line and the console ask them. Nothing is released, and no contents are read.
"""

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.errors import NotFound
from tearline.federation.versions import Members
from tearline.identity import agency_uri_of
from tearline.policy import explain as explaining
from tearline.policy.category import CATEGORIES
from tearline.policy.engine import ReleaseRequest
from tearline.policy.marking import Marking, parse_marking
from tearline.policy.profile import default_marking, marking_of, property_category
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import PolicySet
from tearline.policy.terms import ArticleTerms
from tearline.text.choices import one_of
from tearline_client.node import Node
from tearline_client.planning.drafts import article_of
from tearline_client.planning.policies import Policies


@immutable
class PolicyBench:
    """Context that policy questions are decided in.

    Attributes:
        agreement: The agreement.
        policies: The policy sets of this node.
        members: Maps agencies to their short names.
        own: URI of this agency.
    """

    agreement: Agreement
    policies: Policies
    members: Members
    own: str

    def article(self, article: str) -> ArticleTerms:
        """Returns an article of the agreement."""
        return article_of(self.agreement, article)

    def partners(self) -> tuple[str, ...]:
        """Returns the other parties, as agency URIs."""
        return tuple(uri for uri in self.agreement.terms.parties if uri != self.own)

    def agency(self, name: str) -> str:
        """Returns the URI of a party, given its short name, its URI, or a node URI.

        Raises:
            NotFound: If it is not a party to the agreement.
        """
        if name.startswith("spiffe://"):
            uri = agency_uri_of(name) if "/node/" in name else name
        else:
            uri = next((a.uri for a in self.members.agencies if a.name == name), "")
        if uri not in self.agreement.terms.parties:
            parties = [
                a.name for a in self.members.agencies if a.uri in self.agreement.terms.parties
            ]
            raise NotFound(one_of(name, f"party to {self.agreement.name}", parties))
        return uri

    def request(
        self, article: str, *, purpose: str | None, kind: str | None, to: str, marking: Marking
    ) -> ReleaseRequest:
        """Returns a release request; purpose and kind default to the article's first."""
        terms = self.article(article)
        return ReleaseRequest(
            article=article,
            sender=self.own,
            recipient=to,
            purpose=purpose if purpose is not None else (*terms.purposes, "")[0],
            kind=kind if kind is not None else (*terms.kinds, "")[0],
            marking=marking,
        )


def bench_of(node: Node, agreement: str) -> PolicyBench:
    """Returns the agreement of that name and this node's policies, read offline."""
    return PolicyBench(
        agreement=node.agreements.by_name(agreement),
        policies=node.agreements.policies,
        members=node.directory.members(),
        own=node.identity().agency_uri,
    )


def matrix_of(
    desk: PolicyBench, policy: ReleasePolicy, article: str, purpose: str | None, kind: str | None
) -> tuple[explaining.Cell, ...]:
    """Returns the highest form of every category for every partner, as marked by default."""
    fields = {category.name: default_marking(category.name) for category in CATEGORIES}
    request = desk.request(
        article, purpose=purpose, kind=kind, to=desk.own, marking=next(iter(fields.values()))
    )
    return explaining.matrix(policy, request, fields, desk.partners())


def marking_from(text: str) -> Marking:
    """Returns a marking from a category, a path (with or without token), or its own notation.

    Raises:
        MarkingMalformed: If it is none of these.
        PathMalformed: If it has slashes and is not a path.
    """
    if " " in text:
        return parse_marking(text)
    schema, slash, prop = text.partition("/")
    if not slash:
        return default_marking(text)
    return marking_of(text) if "/" in prop else default_marking(property_category(schema, prop))


def with_own(desk: PolicyBench, own: PolicySet | None) -> ReleasePolicy:
    """Returns the policy for releases with other policies of the agency's own, or without any."""
    return ReleasePolicy(terms=desk.agreement.terms, shared=desk.policies.shared, own=own)
