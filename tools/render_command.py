"""Writes docs/command.md: each verb's `--help`, and the fields of its `--json`.

It prints the page. Options and exit codes stand in the verbs; here are only the words around them.
"""

import textwrap

import click

from wavecast.main import VERBS, main

WIDTH = 100
TEXT = 120

HEAD = """\
# The command

<!-- Made by tools/render_command.py from the verbs. Change those, then write this page anew. -->

One command, `wavecast VERB`; it is in `.venv/bin` once any `make` command has run. Results go to standard output,
progress and complaints to standard error. Bad input gives one line per fault, `path:line:col: error: message [rule]`,
never a traceback.

"""

JSON_HEAD = """\
## JSON

`--json` writes one JSON value to standard output, and its fields stay. A number that is not known is `null`, one
without end `"infinity"`. Times are minutes, shares and probabilities are between 0 and 1. An *estimate* is an object of
`estimate`, `low`, `high` and `unit`; one of a figure of the summary has `trials_it_takes`, too: about how many, where
these do not suffice for an interval.

"""

JSON = {
    "check": (
        "`files`, a list of `path` and `kind` (workflow, plan, fleet, scenario, or null); `against`, the "
        "fleet or scenario that plans were held against, or null; `findings`, a list of "
        "`path`, `line`, `column`, `severity`, `message` and `rule`; the counts `errors` and `warnings`."
    ),
    "run": (
        "`scenario` with `name` and `digest`; `trials`, `seed`, `sampling`, `confidence`; `plans`, by name: "
        "`digest`, `figures` (by name, an estimate each) and `regions` (a list of `region`, `wave`, `traffic_share`, "
        "`exposed_probability`, `exposed_low`, `exposed_high`, `hurt_minutes_given_exposed`, `impact_minutes_mean`); "
        "where they were asked for, `service` (by figure, an estimate each), `exposure` (a list of `share_exposed`, "
        "`probability`, `low`, `high`, `one_in`), `worst` (of `trial`, `impact_minutes`, `share_exposed`, `outcome`, "
        "`detected_minutes`, `weight`, `one_in`, `cause`) and `strata` (of `what_went_wrong`, `probability`, `trials`, "
        "`shipped`, `exposes_half`, `share_exposed_mean`, `impact_minutes_mean`, `part_of_impact`); `warnings`, "
        "sentences on what the horizon carries."
    ),
    "compare": (
        "the fields of `run`, and `baseline`, the first plan's name; `differences`, by plan and figure: `difference`,"
        " `low`, `high`, `unit`, `trials_it_takes`."
    ),
    "trace": (
        "`plan` and `scenario`, each with `name` and `digest`; `seed`, `trial`; `outcome`, [the columns of an "
        "outcome](model.md#the-columns-rules-22-and-23); `events`, a list of `minute`, `event`, `region`, `wave` "
        "(from 1, or null), `remark`; `warnings`."
    ),
    "duel": "`sentence`; `first` and `second`, each the fields of `trace` without `events`.",
    "sensitivity": (
        "`scenario`, `baseline`, `trials`, `seed`, `confidence`, `price`; `assumptions`, `worth`, `tornado`, "
        "`break_even`, `regret` and `parts` (or null), each a list of the columns that [choosing](choosing.md) has; "
        "`idle`, the assumptions that change nothing, and `untold`, turns after which a plan never ships."
    ),
    "review": (
        "`plans`, under `before` and `after`: `name`, `digest`, `file`; `scenario`, `trials`, `seed`, `confidence`; "
        "`changes`, a list of `kind`, `what`, `before`, `after`; `figures`, by `before` and `after`, and "
        "`differences`: by figure `estimate`, `low`, `high`; `worth`, the price of a fleet-minute, likewise; `rules`, "
        "findings by `before` and `after`; `limits`, as in a verdict; `notes`; `passed`."
    ),
    "search": (
        "`finished`, `every` (whether every grouping was looked at), `looked_at`, `rollouts`, `resolution`; "
        "`proof`: `of`, what is provably best (`all plans with these bakes`, `4 / (4 + lambda (T - d))`, or null), "
        "`missing`, a list of what is not as a proof needs it, and `plans`, by name `minutes`, "
        "`share_exposed_given_defect_mean`, `least`, which none can be below in that time, and `above`, by what part "
        "of it this one is; "
        "`sentences`; `plans`, by name: `waves`, `bake_minutes` and `figures`, by name an object of `estimate`, `low` "
        "and `high`."
    ),
    "gate": "`passed`; `judged`, the plan's name; `sentence`; `made`, when, in UTC; `lines`, one for each limit.",
    "fetch": (
        "`exit_code`, `interrupted`; `outcomes`, how many units had each; `units`, a list of `account`, `region`, "
        "`stream`, `outcome`, `detail`, `requests`, `new`, `changed`, `seconds`, `expected`. With `--dry-run`: a list"
        " of `account`, `region`, `stream`, `since`, `calls`."
    ),
    "coverage": (
        "a list of `account`, `region`, `stream`, `part`, `from_at`, `until_at`, `outcome`, `looked_at`, `detail`; "
        "times in ISO 8601, UTC."
    ),
    "rollouts": (
        "`source`; `rollouts`, `regions`, `waves`, `deployments`, `left_out` and `counts`, each a list of the columns "
        "that [rollouts](rollouts.md) has; `remarks`, a list of sentences. Times in ISO 8601, UTC."
    ),
    "scenario": "the scenario, as it would stand in a file.",
    "fit": (
        "`source`, `rollouts`, `seed`; `fields`, a list of `field`, `estimate`, `low`, `high`, `n`, `unit`, `source` "
        "and `method`; `cannot_tell`, from a name to the reason; `remarks`; `scenario`, as it would stand in a file."
    ),
    "replay": (
        "`rollouts`, `bad`, `hidden_bad`, `worlds`, `seed`, `scenario` (its digest), `plans_inferred`; `differences`, "
        "`by_service` and `by_month`, lists of the columns that [replay](replay.md) has; `shares` (recorded, "
        "constrained, imputed) and `bad_changes_needed`, by plan; `identity`, `effective_worlds`, `impossible`, "
        "`left_out` and `extrapolated`."
    ),
    "backtest": (
        "`rollouts`, `origins`, `empty_periods`, `set_back_later`, `every`, `level`, `seed`, `trials`, `fitted`, "
        "`scenario` (its digest); `periods_held` with `count`, `of`, `low`, `high` (95 %), or null; `summary`, "
        "`periods` and `forecasts`, lists of the columns that [replay](replay.md#back-test) has; `left_out`, by "
        "reason; `sentences`."
    ),
    "incident": (
        "`plan`, `scenario` (its digest), `seed`, `worlds`, `effective_worlds`; `timelines` with `tried` and "
        "`fitting`; `typed`, in minutes since the push; `impossible`, the reason or null; `share_exposed_by_then`, by "
        "plan: `mean`, `low`, `high`; `differences`, a list of the columns that [replay](replay.md) has; "
        "`less_impact`, by plan; `alarm_by`; `identity`; `sentences`."
    ),
    "fleet": "`name`; `regions`, a list of `name`, `traffic` (null: to be filled in) and, where it is known, `aws`.",
    "export": "`target`, `snapshot`; `rows`, by table.",
}
VERDICT = """\
### `verdict.json`

What a report leaves, and `wavecast gate` reads: `format` (1); `passed`; `sentence`; `made`, when, in UTC; `kit`, the
kit's version; `judged`, the plan that was judged; `plans`, by name: `digest` and `waves`, the regions of each wave;
`scenario` with `name` and `digest`, the fleet in it; `trials`, `seed`, `sampling`, `confidence`; `limits`, a list of
`figure`, `side` (`at_most` or `at_least`), `value`, an estimate's fields, `verdict` (`holds`, `broken` or `undecided`),
`trials_it_takes`, about, to decide what is undecided, `least` and `most`, how far the interval would go with what the
horizon leaves open, and `cut_off`, why that leaves the limit undecided, or null; `unended`: the `share` of the judged
plan's rollouts that still deploy at the horizon, `horizon_minutes`, and `needed_minutes`, by when they have ended, or
null; `figures`, by plan and figure, an estimate each, for the
judged plan also what only a limit asks for; `warnings`, sentences on what the horizon carries; `digest`, of all of
that.

The gate passes a whole verdict alone: no field or figure left out or added, no number that cannot be, no interval that
its estimate is not in, every limit's numbers those of the figures, every word what follows from them. The kit that made
it must be the one that judges it.

A digest is that of the content, so another file that says the same has the same. `wavecast gate --plan … --scenario …`
fails on a verdict of other content: one that an earlier report left, for a plan that has changed since. A report that
is refused or fails takes away the verdict that stood where its own would have. Where it never came to begin, as where
papermill finds no kernel, the executed notebook tells: the gate takes a `report.ipynb` beside the verdict, or what
`--report` names, and fails where that is of a later run, or of one that failed.

A limit holds only where its whole interval does, and it is broken only where the whole interval is beyond it. Where the
interval lies on both sides, or there is none, it is undecided, which does not pass either, with about how many trials
it would take to tell. So a gate says broken of a plan that keeps its limit in one report of forty, at 95 %.
Nothing passes without trials, without limits, or with a number that is not known.

Nor does what was never rolled out: a rollout that still deploys at the horizon is not watched after it, and what it
hurts then is not counted. A limit holds only where it would with the most that such rollouts may do, and is broken only
where it would be with the least: else it is undecided, with the horizon that it takes. They expose at most all that
they deploy, may hurt all of that at once, and without bound in time; so a mean of impact, and any time, is undecided
from 0.1 % of such rollouts on. Where all is deployed and only a bake goes on, the count is [the
model's](model.md#reaction-rules-17-to-21): harm up to the horizon.
"""


def render() -> str:
    """Return the page."""
    links = [f"[{verb}](#wavecast-{verb})" for verb in VERBS] + ["[JSON](#json)"]
    parts = [HEAD + _wrapped(" · ".join(links)) + "\n\n" + _block(main, "wavecast")]
    for verb in VERBS:
        command = main.get_command(click.Context(main), verb)
        assert command is not None
        parts.append(f"## wavecast {verb}\n\n{_block(command, f'wavecast {verb}')}")
    listed = "\n".join(_wrapped(f"- `{verb}`: {fields}", "  ") for verb, fields in JSON.items() if verb in VERBS)
    return "\n".join([*parts, f"{JSON_HEAD}{listed}\n", VERDICT])


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, TEXT, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _block(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    context.help_option_names = ["-h", "--help"]
    return f"```text\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    print(render(), end="")
