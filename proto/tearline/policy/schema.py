"""Schema of the marking profile: the category of each of its properties."""

from collections.abc import Mapping
from types import MappingProxyType

from tearline.dataclass.immutable import immutable


@immutable
class Schema:
    """One schema of the profile.

    Attributes:
        name: FollowTheMoney's name.
        extends: Names of its parent schemata, in search order.
        categories: Category by property, for added or changed properties.
    """

    name: str
    extends: tuple[str, ...]
    categories: Mapping[str, str]


def schema(name: str, extends: str, properties_by_category: dict[str, str]) -> Schema:
    """Returns a schema from the names it extends and its properties by category."""
    categories = {
        prop: category
        for category, properties in properties_by_category.items()
        for prop in properties.split()
    }
    return Schema(
        name=name, extends=tuple(extends.split()), categories=MappingProxyType(categories)
    )
