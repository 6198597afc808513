"""Vocabulary of policies: the Cedar schema, version 1, and the default policy sets.

Policies are written in Cedar (https://docs.cedarpolicy.com). The principal is an agency as the
recipient under one article; the resource is a field, known by its marking alone; there is one
action for each revealing form. A permit names a group ``up-to-…``, a forbid a group ``from-…``;
thus the forms are a ladder. Texts are constants, so that each digest names the installed text.
"""

from functools import cache

from tearline.encoding import labelled_sha256

SCHEMA = """\
entity Agency;
entity Category in [Category];

// An agency under one article, with the categories it may have at most in each form.
entity Recipient in [Agency] {
  agency: Agency,
  exists: Set<Category>,
  match: Set<Category>,
  generalised: Set<Category>,
  clear: Set<Category>,
};

// An article of the agreement. TLP: 0 clear, 1 green, 2 amber, 3 amber+strict, 4 red.
entity Article {
  purposes: Set<String>,
  kinds: Set<String>,
  crimeAreas: Set<String>,
  directions: Set<{ sender: Agency, recipient: Agency }>,
  highestTlp: Long,
  joint: Bool,
  fourEyes: Bool,
};

// A field by its marking. PAP: 0 clear, 1 green, 2 amber, 3 red.
entity Field in [Category] {
  category: Category,
  guarded: Bool,
  tlp: Long,
  pap: Long,
  handling: Set<String>,
  orcon: Bool,
};

type Circumstances = {
  article: Article,
  sender: Agency,
  purpose: String,
  kind: String,
};

action "up-to-exists", "up-to-match", "up-to-generalised", "up-to-clear";
action "from-exists", "from-match", "from-generalised", "from-clear";

action "exists" in [
  "up-to-exists", "up-to-match", "up-to-generalised", "up-to-clear",
  "from-exists"
] appliesTo { principal: Recipient, resource: Field, context: Circumstances };

action "match" in [
  "up-to-match", "up-to-generalised", "up-to-clear",
  "from-exists", "from-match"
] appliesTo { principal: Recipient, resource: Field, context: Circumstances };

action "generalised" in [
  "up-to-generalised", "up-to-clear",
  "from-exists", "from-match", "from-generalised"
] appliesTo { principal: Recipient, resource: Field, context: Circumstances };

action "clear" in [
  "up-to-clear",
  "from-exists", "from-match", "from-generalised", "from-clear"
] appliesTo { principal: Recipient, resource: Field, context: Circumstances };
"""

SHARED_POLICIES = """\
// What the article gives each partner, by category.
@id("agreed-exists")
permit (principal, action in Action::"up-to-exists", resource)
when { principal.exists.contains(resource.category) };

@id("agreed-match")
permit (principal, action in Action::"up-to-match", resource)
when { principal.match.contains(resource.category) };

@id("agreed-generalised")
permit (principal, action in Action::"up-to-generalised", resource)
when { principal.generalised.contains(resource.category) };

@id("agreed-clear")
permit (principal, action in Action::"up-to-clear", resource)
when { principal.clear.contains(resource.category) };

// What the article is not for.
@id("purpose-not-agreed")
@reason("agreement")
forbid (principal, action, resource)
unless { context.article.purposes.contains(context.purpose) };

@id("kind-not-agreed")
@reason("agreement")
forbid (principal, action, resource)
unless { context.article.kinds.contains(context.kind) };

@id("direction-not-agreed")
@reason("agreement")
forbid (principal, action, resource)
unless {
  context.article.directions.contains({ sender: context.sender, recipient: principal.agency })
};

@id("above-highest-tlp")
@reason("agreement")
forbid (principal, action, resource)
when { resource.tlp > context.article.highestTlp };

// Sources and methods do not travel, whatever an article says; that they exist may be told.
@id("sources-and-methods")
@reason("source")
forbid (principal, action in Action::"from-match", resource)
when { resource.guarded };

// Of what nobody has marked, nobody can say what telling would cost.
@id("unmarked")
@reason("unspecified")
forbid (principal, action, resource in Category::"unmarked");
"""
"""The shared policy set that agreements pin by default."""


@cache
def schema_digest() -> bytes:
    """Returns 32 bytes that identify the schema."""
    return labelled_sha256("policy-schema", SCHEMA.encode("ascii"))
