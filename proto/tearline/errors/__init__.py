"""The one error tree of Tearline.

    TearlineError
    ├── UsageError       TL-USE   the caller asked for something that cannot be meant
    ├── ConfigError      TL-CFG   a setting or a file of ours is missing, unknown or wrong
    ├── KeyError_        TL-KEY   a private or public key cannot be used
    ├── TlsError         TL-TLS   the connection, its certificate or its token is not acceptable
    ├── TrustError       TL-TRU   a signer, a trust list or a key record is not believed
    ├── AgreementError   TL-AGR   no agreement in force covers this
    ├── PolicyError      TL-POL   a release oversteps what an agreement or an agency allows
    ├── PacketError      TL-PKT   a statement or a packet is malformed or does not verify
    ├── GrantError       TL-GRT   a grant is malformed, misdirected or ended
    ├── MailboxError     TL-MBX   a mailbox, a channel or its sequence is not as it must be
    ├── LogError         TL-LOG   the audit log, or a proof of it, does not verify
    ├── StoreError       TL-STO   a database cannot do what was asked of it
    ├── CaseError        TL-CAS   a case, or a step of it, is not what it must be
    ├── RequestError     TL-REQ   the exchange is out of reach, overloaded, or found nothing
    └── RecordRequestError TL-RFI a request for records, or a step of one, is not as it must be

Every concrete error has a code that never changes its meaning and is never given
to another error, a sentence that says what happened, and one that says what to do
next; the raiser adds why. Nothing in an error may tell an outsider that a thing exists.
"""

from tearline.errors.agreement import *
from tearline.errors.base import *
from tearline.errors.case import *
from tearline.errors.config import *
from tearline.errors.grant import *
from tearline.errors.keys import *
from tearline.errors.log import *
from tearline.errors.mailbox import *
from tearline.errors.packet import *
from tearline.errors.policy import *
from tearline.errors.record_request import *
from tearline.errors.request import *
from tearline.errors.store import *
from tearline.errors.tls import *
from tearline.errors.trust import *
from tearline.errors.usage import *
