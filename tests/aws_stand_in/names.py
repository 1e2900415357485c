"""Names as AWS gives them: ARNs, ids, digests, all derived from a seed and an address. Not here: anything random."""

import hashlib

CLUSTER = "shop"
EMPTY_CLUSTER = "sandbox"
SPACE = "example-space"
PROJECT = "shop"
SERVICES = ("storefront", "checkout", "search", "basket", "catalogue", "payments", "accounts", "delivery")
SIDECAR = "log-router"
SIDECAR_DIGEST = "sha256:" + hashlib.sha256(b"the same sidecar in every service").hexdigest()
NEW_SIDECAR_DIGEST = "sha256:" + hashlib.sha256(b"the next sidecar in every service").hexdigest()


def code(*address: object, length: int = 40) -> str:
    """Hexadecimal digits that belong to an address."""
    return hashlib.blake2b("/".join(map(str, address)).encode(), digest_size=32).hexdigest()[:length]


def uuid(*address: object) -> str:
    """An id in the form of a UUID."""
    h = code(*address, length=32)
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def service(number: int) -> str:
    """The name of a service: of the list above, then numbered."""
    turn, place = divmod(number, len(SERVICES))
    return SERVICES[place] + (f"-{turn + 1}" if turn else "")


def ecs(region: str, account: str, kind: str, *parts: str) -> str:
    """An ARN of ECS."""
    return f"arn:aws:ecs:{region}:{account}:{kind}/{'/'.join(parts)}"


def metric_alarms(service: str, cluster: str = CLUSTER) -> tuple[str, str]:
    """The two metric alarms that a service has in each cluster of each region."""
    own = service if cluster == CLUSTER else f"{service}-{cluster}"
    return f"{own}-5xx-rate", f"{own}-latency-p99"


def composite_alarm(service: str, cluster: str = CLUSTER) -> str:
    """The composite alarm over them."""
    return f"{service if cluster == CLUSTER else f'{service}-{cluster}'}-health"


def renamed(service: str) -> str:
    """What a service is called after it was renamed."""
    return f"new-{service}"
