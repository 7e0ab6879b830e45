"""Phrases that tell an error which has no telling name, most specific first."""

from __future__ import annotations

from dbt_runner.warehouse import error_table as t

# dbt keeps only the text of the connector's errors, and for an HTTP error without a reason the
# connector (4.4.0) gives none: a 503 without Retry-After, which it rightly does not repeat, or a
# bare 401 or 403. Login and privileges are proven before the first node, so the 503 is assumed.
_NO_REASON = r"Error during request to server\.(?:$| [Cc]ompiled )"

PHRASES: tuple[tuple[t.Diagnosis, tuple[str, ...]], ...] = (
    # Not transient, although they look so.
    (
        t.TIMED_OUT,
        (
            r"(?i:\b(?:statement|query|command|model) (?:\w+ )?(?:has )?(?:been )?timed out)",
            r"timed out: RUNNING",
        ),
    ),
    (
        t.CANCELLED,
        (r"(?i:\b(?:statement|query|operation|command|job) (?:was |has been |is )?cancell?ed)",),
    ),
    (
        t.MEMORY,
        (
            r"OutOfMemoryError",
            r"Java heap space",
            r"GC overhead limit",
            r"exit code:? 137",
            r"exceeding memory limits",
            r"spark\.driver\.maxResultSize",
            r"[Ss]park driver has stopped unexpectedly",
            r"Cannot broadcast the table",
            r"Remote RPC client disassociated",
        ),
    ),
    (t.DISK, (r"No space left on device", r"failed to offload data block")),
    (
        t.HOST,
        (
            r"CERTIFICATE_VERIFY_FAILED",
            r"ProxyError",
            r"too many redirects",
            r"Name or service not known",
            r"nodename nor servname",
            r"Failed to download extension",
        ),
    ),
    (t.REQUEST, (r"must match pattern /sql/",)),
    # Busy.
    (
        t.CONFLICT,
        (
            r"\bConcurrent(?:Append|DeleteRead|DeleteDelete|Write|Transaction)Exception\b",
            r"\b(?:Metadata|Protocol)ChangedException\b",
            r"by a concurrent (?:update|transaction|operation)",
            r"Transaction conflict detected",
            r"changed in an incompatible way since your",
            r"underlying files have been updated",
            r"write-write conflict",
            r"Conflict on (?:update|tuple deletion|delete)",
        ),
    ),
    (t.LOCKED, (r"Could not set lock on file", r"Conflicting lock is held")),
    # Permission; a token that ran out is new in the next run.
    (t.EXPIRED, (r"(?i:\btoken (?:is |has )?expir(?:ed|ing))", r"ExpiredToken")),
    (
        t.WAREHOUSE,
        (
            r"(?i:not authorized to (?:use|monitor|start)[^.]{0,60}(?:warehouse|endpoint))",
            r"(?i:do(?:es)? not have permission to use[^.]{0,60}(?:warehouse|endpoint))",
        ),
    ),
    (
        t.STORAGE,
        (
            r"AccessDeniedException",
            r"AuthorizationPermissionMismatch",
            r"storage request is not authorized",
            r"This request is not authorized to perform",
        ),
    ),
    (
        t.LOGIN,
        (
            r"(?i:invalid access token)",
            r"\b40[13] (?:Unauthorized|Forbidden|Client Error)",
            r"too many 40[13] error responses",
            r"Credential was not sent",
            r"invalid_client",
        ),
    ),
    (
        t.DENIED,
        (
            r"[Uu]ser (?:does not have|is not (?:an |the )?owner of|lacks) ",
            r"Insufficient privileges",
            r"You don't have permission",
            r"Permission denied",
        ),
    ),
    # Transient.
    (
        t.THROTTLED,
        (
            r"too many 429 error responses",
            r"\bHTTP(?: Response code:| status| error)? ?429\b",
            r"\b(?:429 )?[Tt]oo [Mm]any [Rr]equests",
            r"SlowDown",
            r"ServerBusy",
        ),
    ),
    (
        t.UNAVAILABLE,
        (
            r"Retry request would exceed Retry policy max retry duration",
            r"MaxRetryDurationError",
            r"too many 50[234] error responses",
            r"\bHTTP(?: Response code:| status(?: code)?:?| error)? ?50[234]\b",
            r"\b50[234] (?:Service Unavailable|Bad Gateway|Gateway Time-?out)",
            r"\b50[234] when connecting to resource",
            r"(?:is|was) (?:temporarily|currently) unavailable",
            _NO_REASON,
        ),
    ),
    (
        t.SESSION,
        (
            r"Invalid SessionHandle",
            r"Session handle .{0,80}(?:not been initialized|closed)",
            r"(?:Session|Cursor)AlreadyClosedError",
            r"unexpectedly closed server side",
            r"Attempting to execute on a closed c",
        ),
    ),
    (
        t.STARTING,
        (
            r"in unexpected state (?:Pending|Restarting|Resizing|Starting|Terminating|Stopping)",
            r"Couldn't create directory /local_disk0",
            r"(?i:\b(?:warehouse|endpoint|cluster) (?:\S{1,80} )?(?:is|was) (?:re)?starting\b)",
            r"(?i:\b(?:warehouse|endpoint|cluster) (?:\S{1,80} )?(?:is|was) stopp(?:ing|ed)\b)",
            r"(?i:\bcluster (?:\S{1,80} )?(?:is|was|has been) terminat(?:ing|ed)\b)",
        ),
    ),
    (
        t.NODE_LOST,
        (
            r"(?i:spot (?:instance|vm))",
            r"\b[Pp]reempt(?:ed|ing|ion)\b",
            r"(?i:(?:worker|executor|node) (?:was |is |has been )?decommission)",
        ),
    ),
    (
        t.NETWORK,
        (
            r"Connection (?:reset by peer|aborted|refused|timed out)",
            r"ConnectionResetError",
            r"RemoteDisconnected",
            r"Remote end closed connection",
            r"Broken pipe",
            r"(?:Connect|Read)TimeoutError",
            r"Read timed out",
            r"(?:Failed to establish a new|(?:Could not|Unable to) establish) connection",
            r"EOF occurred in violation of protocol",
            r"Temporary failure in name resolution",
            r"Network is unreachable",
            r"TLS handshake timeout",
        ),
    ),
    # The model's, by what the engine calls it.
    (t.EXISTS, (r"[Aa]lready exists",)),
    (t.NOT_FOUND, (r"does not exist", r"cannot be found", r"[Nn]ot found")),
    (t.DUPLICATES, (r"multiple source rows matched",)),
    (t.SQL, (r"\b(?:Analysis|Parse|UnsupportedOperation)Exception\b", r"; line \d+ pos \d+")),
)
