"""A stand-in for AWS on loopback: ECS, CloudWatch, CodePipeline, CodeCatalyst and STS in their own wire protocols.

Histories come from our own model's draws, so their truth is known; faults are scripted, a request at a time. It runs
by itself too: `python -m tests.aws_stand_in`.
"""

from tests.aws_stand_in.faults import KINDS, Call, Fault
from tests.aws_stand_in.history import History
from tests.aws_stand_in.server import StandIn

__all__ = ["KINDS", "Call", "Fault", "History", "StandIn"]
