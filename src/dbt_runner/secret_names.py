"""Which names say that what they name is a secret, judged by whole words.

Narrower than `redaction.names_secret`, which rather hides too much: here a wrong guess refuses
something.
"""

from __future__ import annotations

import re

# A name tells by its last words what it is the name of: a token_url is no token. Behind them may
# stand which one it is.
_LAST = frozenset(
    {"token", "password", "passwords", "passwd", "passphrase", "pwd", "secret", "secrets"}
    | {"credential", "credentials", "apikey", "accesskey", "secretkey", "privatekey"}
)
_WHICH_ONE = frozenset(
    {"dev", "development", "test", "stage", "staging", "uat", "prod", "production"}
    | {"value", "text", "plain", "plaintext", "old", "new", "current", "primary", "secondary"}
)
_BEFORE_KEY = frozenset({"api", "private", "access", "account", "shared", "secret"})
_BEFORE_PASS = frozenset({"", "db", "database", "user", "admin", "root", "smtp", "ftp", "sftp"})
_OBJECTS = frozenset({"storage", "service"})  # a storage credential is an object of Unity Catalog
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Of Hadoop's file systems, which name the account last.
_CLOUD_KEY = re.compile(r"\bfs\..*\b(account\.key|client\.secret|fixed\.token)\b", re.IGNORECASE)


def names_secret_exactly(name: str) -> bool:
    """Whether what has this name is a secret, judged by whole words."""
    words = [word.lower() for word in _WORDS.findall(name)]
    while len(words) > 1 and (words[-1] in _WHICH_ONE or words[-1].isdigit()):
        words.pop()
    before, last = ["", "", *words][-2:]
    if last == "key":
        return before in _BEFORE_KEY
    if last == "pass":
        return before in _BEFORE_PASS
    if last == "credential" and before in _OBJECTS:
        return False
    known = last in _LAST or words in (["authorization"], ["keyfile", "json"])
    return known or bool(_CLOUD_KEY.search(name))


def is_switch(text: str) -> bool:
    """Whether a value is no secret whatever its name, being a plain switch or a number."""
    return text.lower() in {"true", "false", "none", "null"} or text.isdigit()
