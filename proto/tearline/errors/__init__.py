"""The one error tree of Tearline.

    TearlineError
    ├── UsageError       TL-USE   the command or its input is not valid
    ├── ConfigError      TL-CFG   a setting or a local file is missing, unknown or wrong
    ├── KeyError_        TL-KEY   a private or public key cannot be used
    ├── TlsError         TL-TLS   the connection, its certificate or its token is not acceptable
    ├── TrustError       TL-TRU   a signer, a decision or a key record is not trusted
    ├── AgreementError   TL-AGR   no agreement in force covers this
    ├── PolicyError      TL-POL   a release exceeds an agreement or an agency's own policy
    ├── PacketError      TL-PKT   a statement or a packet is malformed or does not verify
    ├── GrantError       TL-GRT   a grant is malformed, misdirected or expired
    ├── MailboxError     TL-MBX   a mailbox, a channel or its sequence is not valid
    ├── LogError         TL-LOG   the audit log, or a proof of it, does not verify
    ├── StoreError       TL-STO   a database operation failed
    ├── CaseError        TL-CAS   a case, or a step of one, is not valid
    ├── BlobError        TL-BLB   a document is not acceptable, not here, another one, or not clean
    ├── ExchangeError    TL-REQ   the exchange is unreachable or overloaded, or found no match
    └── RecordRequestError TL-RFI a request for records, or a step of one, is not valid

Every concrete error has a stable code, which is never reused for another error. One sentence
states the fault, one states the next step; the raiser adds the cause. An error never reveals
to an outsider that an item exists.
"""

from tearline.errors.agreement import *
from tearline.errors.base import *
from tearline.errors.blob import *
from tearline.errors.case import *
from tearline.errors.config import *
from tearline.errors.exchange import *
from tearline.errors.grant import *
from tearline.errors.keys import *
from tearline.errors.log import *
from tearline.errors.mailbox import *
from tearline.errors.packet import *
from tearline.errors.policy import *
from tearline.errors.record_request import *
from tearline.errors.store import *
from tearline.errors.tls import *
from tearline.errors.trust import *
from tearline.errors.usage import *
