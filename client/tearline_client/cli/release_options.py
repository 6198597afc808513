"""Options for the order of a packet: contents, agreement and recipients."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tearline.errors import EvaluationInvalid
from tearline.packets.packet import PacketKind, Urgency, verify_evaluation
from tearline_client.cli.options import FILE, FREE_TEXT, free_text
from tearline_client.cli.session import read_text
from tearline_client.planning.drafts import About

if TYPE_CHECKING:
    from tearline_client.drafting.from_file import ReleaseOptions

_MAX_NARRATIVE = 1 << 20

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

narrative_option: Decorator = click.option(
    "--narrative",
    type=FILE,
    help="File with the packet's narrative.",
)


def narrative_of(path: Path | None) -> str:
    """Returns the text of the file given by ``--narrative``, or an empty one."""
    return read_text(path, maximum=_MAX_NARRATIVE) if path else ""


def _evaluation(context: click.Context, parameter: click.Parameter, text: str) -> str:
    if not text:
        return text
    try:
        verify_evaluation(text)
    except EvaluationInvalid as error:
        raise click.BadParameter(f"{error.what} {error.next}") from None
    return text


def evaluation_option(default: str) -> Decorator:
    """Returns the option for a 4x4 evaluation; with an empty default, it is optional."""
    return click.option(
        "--evaluation",
        default=default,
        show_default=bool(default),
        callback=_evaluation,
        help="4x4 of source (A, B, C, X) and information (1 to 4), for example B2.",
    )


def _guarded(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> dict[tuple[str, str], str]:
    return dict(map(_guard, texts))


def _guard(text: str) -> tuple[tuple[str, str], str]:
    place, equals, category = text.partition("=")
    entity, slash, name = place.rpartition("/")
    if not (equals and slash and entity and name):
        raise click.BadParameter("expected ENTITY/PROPERTY=CATEGORY", param_hint="--guard")
    return (entity, name), category


guard_option: Decorator = click.option(
    "--guard",
    "guarded",
    multiple=True,
    callback=_guarded,
    metavar="ENTITY/PROPERTY=CATEGORY",
    help="Mark one field more strictly than the profile, for example as method.",
)


repeats_option: Decorator = free_text(
    "--repeats",
    help="Your reason, if a text mentions a value that its reader may not see in full, or a"
    " document cannot be searched for one.",
)


unmarked_option: Decorator = click.option(
    "--unmarked",
    is_flag=True,
    help="Include fields without a category; partners do not see them.",
)


as_typed_option: Decorator = click.option(
    "--as-typed",
    is_flag=True,
    help="Keep sums, dates and countries that cannot be read, or in two ways, as they are.",
)


def order_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options for agreement, purpose and recipients, collected as one Order."""
    agreement = click.option(
        "--agreement",
        required=True,
        help="Name of the agreement; `tearline agreement list` shows them.",
    )
    return _with_options(function, agreement)


def source_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the same options for a whole source, with one or more agreements."""
    agreements = click.option(
        "--agreement",
        "agreements",
        multiple=True,
        required=True,
        help="Name of an agreement; repeatable, each partner is sent its own agreement's packets.",
    )
    return _with_options(function, agreements)


def _with_options(function: Callable[..., Any], agreement: Decorator) -> Callable[..., Any]:
    options = (
        click.option("--to", multiple=True, required=True, help="Partner or node URI; repeatable."),
        agreement,
        click.option(
            "--article",
            required=True,
            help="Id of its article; `tearline agreement show NAME` shows them.",
        ),
        click.option("--purpose", required=True, help="The purpose of use; one of the article."),
        click.option(
            "--kind",
            type=click.Choice([kind.value for kind in PacketKind]),
            default=PacketKind.LEAD.value,
            show_default=True,
            help="Kind of packet, sent in clear; `tearline packet kinds` lists the contents.",
        ),
        click.option(
            "--case", "case_id", default="", help="A case of this agency: its title or id."
        ),
        click.option("--reference", type=FREE_TEXT, default="", help="Your own reference; sealed."),
        click.option(
            "--urgency",
            type=click.Choice([urgency.value for urgency in Urgency]),
            default=Urgency.ROUTINE.value,
            show_default=True,
            help="Urgency for the partner, sent in clear.",
        ),
        evaluation_option("X4"),
        click.option(
            "--derived-from",
            "sources",
            multiple=True,
            metavar="PACKET",
            help="A source packet here: the beginning of its id.",
        ),
        guard_option,
        repeats_option,
        unmarked_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def order_of(options: dict[str, Any]) -> "ReleaseOptions":
    """Returns the Order collected by ``order_options``."""
    from tearline_client.drafting.from_file import ReleaseOptions

    to, agreement, sources = (options.pop(name) for name in ("to", "agreement", "sources"))
    unmarked = options.pop("unmarked")
    about = About(
        **{
            **options,
            "kind": PacketKind(options["kind"]),
            "urgency": Urgency(options["urgency"]),
        }
    )
    return ReleaseOptions(
        to=to, agreement=agreement, about=about, sources=sources, unmarked=unmarked
    )
