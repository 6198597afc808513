"""TL-USE: the caller asked for something that cannot be meant."""

from tearline.errors.base import EXIT_USAGE, TearlineError


class UsageError(TearlineError):
    """The caller asked for something that cannot be meant."""

    exit_status = EXIT_USAGE


class MalformedInput(UsageError):
    """Text that is not the one spelling of what it should be."""

    code = "TL-USE-001"
    what = "The input is not well formed."
    next = "Correct the place named and try again; nothing was done."


class ImportRefused(UsageError):
    """A file whose lines are not what its format asks."""

    code = "TL-USE-002"
    what = "The file cannot be imported."
    next = "Correct the place named and import the file again; nothing was taken from it."


class ImportTooLarge(UsageError):
    """More than one import may hold."""

    code = "TL-USE-003"
    what = "The import is larger than one may be."
    next = "Divide the file and import its parts; nothing was taken from it."


class ExportRefused(UsageError):
    """A place where an export may not be written."""

    code = "TL-USE-004"
    what = "The export cannot be written there."
    next = "Choose a new file name in an existing folder; nothing was written."


class NotConfirmed(UsageError):
    """A wide or destructive act whose name was not typed back."""

    code = "TL-USE-005"
    what = "The act was not confirmed."
    next = "Type the name exactly as shown, or pass --yes in a script; nothing was done."


class FieldsUnmarked(UsageError):
    """A source whose schemata or properties the marking profile does not know."""

    code = "TL-USE-006"
    what = "Fields of the source have no category, so no partner would see them."
    next = (
        "Name them as FollowTheMoney does, or pass --unmarked to send the rest; nothing was sent."
    )


class NameAmbiguous(UsageError):
    """A name, or the beginning of an id, that several things here have."""

    code = "TL-USE-007"
    what = "The name or the beginning of the id means several things here."
    next = "Use more of the id of the one that you mean; nothing was done."
