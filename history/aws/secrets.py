"""Keeping secrets out of what is written: logs, the ledger, messages. Not here: where the secrets come from."""

import logging
import re
import threading

_IN_ADDRESS = re.compile(r"(?<=://)[^/@\s'\"]+@")
_PATTERNS = (
    (_IN_ADDRESS, "***@"),
    (re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+"), r"\1***"),
    (re.compile(r"(?i)(x-amz-security-token\W+)[\w+/=%-]{8,}"), r"\1***"),
    (
        re.compile(r"(?i)(['\"](?:secretAccessKey|sessionToken|accessToken|refreshToken)['\"]\s*:\s*b?['\"])[^'\"]+"),
        r"\1***",
    ),
    (re.compile(r"(?is)(<(SecretAccessKey|SessionToken)>).*?(</)"), r"\1***\3"),
)
_LOUD = ("botocore", "boto3", "urllib3", "bcdoc", "jmespath")
_SHORTEST = 8


class _Keeper(logging.Filter):
    """Knows the secrets of this process and takes them out of texts."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: set[str] = set()
        self._lock = threading.Lock()

    def learn(self, *secrets: str | None) -> None:
        with self._lock:
            self._secrets.update(secret for secret in secrets if secret and len(secret) >= _SHORTEST)

    def clean(self, text: str) -> str:
        with self._lock:
            secrets = sorted(self._secrets, key=len, reverse=True)
        for secret in secrets:
            text = text.replace(secret, "***")
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.clean(record.exc_text)
            record.exc_info = None
        record.msg, record.args = self.clean(record.getMessage()), ()
        return True


_KEEPER = _Keeper()
learn = _KEEPER.learn
clean = _KEEPER.clean


def guard_logs() -> None:
    """Take secrets out of what the AWS libraries log: at DEBUG they write out headers and answers of STS."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _LOUD:
            logger = logging.getLogger(name)
            if _KEEPER not in logger.filters:
                logger.addFilter(_KEEPER)
