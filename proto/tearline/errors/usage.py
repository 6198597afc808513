"""TL-USE: the command or its input is not valid."""

from tearline.errors.base import EXIT_USAGE, ErrorClass, TearlineError


class UsageError(TearlineError):
    """The command or its input is not valid."""

    exit_status = EXIT_USAGE


class MalformedInput(UsageError):
    """Text that is not in its canonical form."""

    code = "TL-USE-001"
    what = "The input is not well formed."
    next = "Correct the named place and try again; the input had no effect."


class ImportRefused(UsageError):
    """File with lines that do not match its format."""

    code = "TL-USE-002"
    what = "The file cannot be imported."
    next = "Correct the named place and import the file again; no line was imported."


class CollectionRefused(ImportRefused):
    """Collection of another party that cannot be reached, or violates TAXII 2.1."""

    code = "TL-USE-014"
    what = "The collection cannot be read."
    next = (
        "Correct the command, or ask the server's operator; run it again to continue behind the "
        "files that are whole."
    )


class ImportTooLarge(UsageError):
    """Import beyond the size limit."""

    code = "TL-USE-003"
    what = "The import is larger than the limit."
    next = "Split the file and import its parts; no line was imported."


class ExportRefused(UsageError):
    """Path at which an export may not be written."""

    code = "TL-USE-004"
    what = "The export cannot be written there."
    next = "Choose a new file name in an existing folder; no file was written."


class NotConfirmed(UsageError):
    """Wide or destructive act without its typed confirmation."""

    code = "TL-USE-005"
    what = "The act was not confirmed."
    next = "Type the text exactly as shown, or pass --yes in a script; the act was not done."


class FieldsUnmarked(UsageError):
    """Source with schemata or properties that the marking profile does not know."""

    code = "TL-USE-006"
    what = "Fields of the source have no category, so no partner would see them."
    next = (
        "Rename them to FollowTheMoney names, or pass --unmarked to send the rest; the packet was "
        "not sent."
    )


class NameAmbiguous(UsageError):
    """Name, or beginning of an id, that matches several items."""

    code = "TL-USE-007"
    what = "The name or the beginning of the id matches several items here."
    next = "Give more digits of the id; the command had no effect."


class FormRefused(UsageError):
    """Form that did not come from a page of the console in this session, or is not well formed."""

    code = "TL-USE-008"
    what = "The form is not acceptable."
    next = "Open the page again, and send the form from there."


class ConsoleBusy(UsageError):
    """Page of a person who has too many waiting ones already."""

    code = "TL-USE-009"
    what = "Too many pages of yours wait for the console."
    next = "Close windows that are still loading, then open the page again."
    error_class = ErrorClass.LATER


class NodeIsLight(UsageError):
    """Act of a full node, at a light one."""

    code = "TL-USE-010"
    what = "This is a light node, which keeps no copy of the log."
    next = "Use a full node of the agency, or ask a partner with a full node."


class ConnectorUnusable(UsageError):
    """Importer or exporter of another package that cannot be loaded, is ambiguous, or failed."""

    code = "TL-USE-011"
    what = "The plug-in cannot be used."
    next = "Correct or uninstall the named package; nothing was sent or exported."


class ServiceAccountRefused(UsageError):
    """Service account with a name, roles or collections that are not permitted, or one too many."""

    code = "TL-USE-013"
    what = "The service account cannot be added."
    next = "Correct the command; `tearline taxii account list` shows the accounts."
