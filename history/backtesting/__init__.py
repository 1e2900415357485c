"""Back test: at each of many instants, what the history known by then foretells of what came next, held against it.

`history.joining.as_of` cuts a history at an instant, `origins` says at which, `truth` is what came, `forecasts` what a
scenario foretells, `naive` what one foretells without, `scores` how far off they were, `backtest` goes through it all,
`result` tells, in the words of `summary`.
"""
