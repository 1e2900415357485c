"""Replay: the same changes under other plans, as far as history knows them (docs/replay.md).

`reading` makes records of joined rollouts, `fixed` is what they fix on a tape, `latents` and `conditioning` what they
only constrain, `worlds` puts both on tapes, `replay` rolls them out, `identity` checks them, `answer` adds up, `result`
tells.
"""
