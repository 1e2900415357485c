"""The board's logic: moves, undo, rules, figures and texts. It needs no browser and no notebook.

Not here: what a move does to the waves (``arrangement``), the widget that shows it (``widget``).
"""

from typing import Any

from simulation.analysis.duel import Duel, duel
from simulation.arguments import check_confidence, whole
from simulation.boards import words
from simulation.boards.answers import COARSE, Answer, Answers
from simulation.boards.arrangement import Arrangement
from simulation.boards.findings import Remark, remarks_on
from simulation.draws import check_address
from simulation.scenario import Scenario
from simulation.setting import setting
from waves import SYSTEMS, Plan, Rules, Target, write_pipeline
from waves.files.documents import yaml_text
from waves.showing import Shown, counted

USUAL = 32_768  # trials, in the end
ALONE = "It is alone in the outermost wave."


class Board(Shown):
    """A plan on a board: who is in which wave, what that comes to beside today's plan, and what was done before.

    Parameters
    ----------
    scenario, today
        The plan of today, over the scenario's fleet.
    rules
        What every plan should keep to; None for good practice alone.
    trials, seed, confidence
        As for `compare`; the trials are those that a plan has in the end.

    Attributes
    ----------
    arrangement
        The waves now.
    said
        What the last act did, in a sentence.
    """

    def __init__(
        self,
        scenario: Scenario,
        today: Plan,
        *,
        rules: Rules | None = None,
        trials: int = USUAL,
        seed: int = 0,
        confidence: float = 0.95,
    ) -> None:
        setting(today, scenario)  # which refuses what is no plan of this fleet
        if rules is not None and not isinstance(rules, Rules):
            raise ValueError(f"rules is {type(rules).__name__}; give Rules, such as Rules.read(path) gives")
        self.scenario, self.today, self.rules = scenario, today, rules
        trials = whole("trials", trials, 1, 10_000_000)
        check_address(seed, range(trials))
        self.answers = Answers(
            scenario, today, trials=trials, seed=int(seed), confidence=check_confidence(confidence)
        )  # fmt: skip
        self.arrangement = Arrangement.of_today(today, scenario.fleet.names)
        self._before: list[Arrangement] = []
        self._after: list[Arrangement] = []
        self.said = ""
        self._remarks: tuple[Plan, list[Remark]] | None = None

    @property
    def plan(self) -> Plan:
        """The plan on the board."""
        return self.arrangement.plan

    @property
    def answer(self) -> Answer:
        """What it comes to by now."""
        return self.answers.of(self.plan)

    def move(self, region: str, wave: int) -> None:
        """Put a region into another wave, counted from 0."""
        self._to(self.arrangement.moved(region, wave), region)

    def apart(self, region: str, place: int) -> None:
        """Give a region a new wave of its own, before the wave at a place, from 0, or after the last."""
        self._to(self.arrangement.apart(region, place), region)

    def step(self, region: str, by: int, *, alone: bool = False) -> None:
        """Put a region a wave earlier (−1) or later (1), or into a new one there that it has alone."""
        before = self.arrangement
        self._to(before.stepped(region, by, alone=alone), region)
        if self.arrangement is before and not alone:
            self.said = ALONE

    def merge(self, wave: int) -> None:
        """Make one wave of two: the one at a place, from 0, and the next."""
        self._to(self.arrangement.merged(wave))

    def bake(self, wave: int, minutes: float) -> None:
        """Let a wave, counted from 0, bake so many minutes."""
        self._to(self.arrangement.baked(wave, minutes))

    def reset(self) -> None:
        """Go back to today's plan; that can be undone, too."""
        self._to(Arrangement.of_today(self.today, self.scenario.fleet.names))

    def undo(self) -> None:
        """Take the last act back, where there is one."""
        self._back(self._before, self._after, "Undone")

    def redo(self) -> None:
        """Do again what was taken back last, where there is something."""
        self._back(self._after, self._before, "Done again")

    def sharpen(self) -> bool:
        """Run some more trials; return whether there are any left."""
        return self.answers.sharpen(self.plan)

    def explain(self) -> Duel:
        """Return the same bad change through today's plan and the one on the board.

        Raises
        ------
        ValueError
            Where no change among those searched hurt anybody.
        """
        return duel(self.today, self.plan, self.scenario, seed=self.answers.seed)

    @property
    def as_plan(self) -> str:
        """The plan on the board as YAML, as `Plan.read` takes it."""
        return yaml_text(self.plan.as_dict())

    def as_pipeline(self, system: str, target: Target | None = None) -> tuple[str, list[str]]:
        """Return the plan on the board as a pipeline of a system, and what the system cannot say of it.

        Raises
        ------
        InputError
            Where the system cannot run the plan.
        ValueError
            Where there is no such system.
        """
        written = write_pipeline(self.plan, system, target or Target())
        return written.text, list(written.said.remarks)

    def _to(self, arrangement: Arrangement, region: str | None = None) -> None:
        if arrangement != self.arrangement:
            setting(arrangement.plan, self.scenario)  # an arrangement that cannot be run is never shown
            self._before.append(self.arrangement)
            self._after.clear()
            self.arrangement = arrangement
        self._tell(region)

    def _back(self, source: list[Arrangement], target: list[Arrangement], word: str) -> None:
        if source:
            target.append(self.arrangement)
            self.arrangement = source.pop()
        self._tell(None, word if source or target else "")

    def _tell(self, region: str | None, word: str = "") -> None:
        waves = len(self.arrangement.groups)
        where = words.place(region, self.arrangement.wave_of(region), waves) if region else counted(waves, "wave")
        said = words.outcome(self._rows(), len(self.broken))
        self.said = f"{word + ': ' if word else ''}{where}. {said}"

    def _rows(self) -> list[dict[str, Any]]:
        return words.figure_rows(self.answer, is_today=self.arrangement.is_today)

    @property
    def remarks(self) -> list[Remark]:
        """What is to be said against the plan: rules that break, and good practice."""
        if self._remarks is None or self._remarks[0] is not self.plan:  # a move asks several times
            self._remarks = self.plan, remarks_on(self.plan, self.rules, self.scenario.fleet)
        return self._remarks[1]

    @property
    def broken(self) -> list[str]:
        """The rules that break, each in a sentence."""
        return [each.text for each in self.remarks if each.kind == "broken"]

    @property
    def notes(self) -> list[str]:
        """What good practice says against the plan, each in a sentence."""
        return [each.text for each in self.remarks if each.kind == "note"]

    def _glance(self) -> str:
        shape = "-".join(str(len(group.regions)) for group in self.arrangement.groups)
        trials = max(self.answers.shown(self.plan), COARSE)
        return f"{self.plan.name}, waves of {shape}, {counted(trials, 'rollout')}, {len(self.broken)} rules broken"

    @property
    def view(self) -> dict[str, Any]:
        """All that is to be seen, in plain values: what the script draws."""
        plan, rows = self.plan, self._rows()
        marks = self.remarks
        trials = self.answers.shown(plan)
        more = trials < self.answers.most
        return {
            "plan": words.short(plan.name), "scenario": words.short(self.scenario.name),
            "today": words.in_words(self.today),
            "waves": [self._wave(w, marks) for w in range(len(plan.waves))],
            "leftOut": [self._region(name, []) for name in self.arrangement.left_out],
            "figures": rows, "remarks": [{"kind": each.kind, "text": each.text} for each in marks],
            "basis": words.rollouts(trials, more), "sharper": more,
            "undo": bool(self._before), "redo": bool(self._after), "isToday": self.arrangement.is_today,
            "confidence": f"{self.answers.confidence * 100:g}\u00a0%", "said": self.said, "systems": [*SYSTEMS],
        }  # fmt: skip

    def _wave(self, w: int, marks: list[Remark]) -> dict[str, Any]:
        wave, fleet = self.plan.waves[w], self.scenario.fleet
        here = [each for each in marks if each.where[:2] == ("waves", w)]
        return {
            "title": f"Wave {w + 1}", "name": words.short(wave.name) if wave.name else "",
            "share": words.share_of(fleet, *wave.regions), "bake": wave.bake_minutes, "approval": wave.approval,
            "marks": sorted({each.kind for each in here}),
            "regions": [self._region(name, [r.kind for r in here if name in r.regions]) for name in wave.regions],
        }  # fmt: skip

    def _region(self, name: str, marks: list[str]) -> dict[str, Any]:
        home = next((w for w, wave in enumerate(self.today.waves) if name in wave.regions), None)
        return {
            "name": name, "share": words.share_of(self.scenario.fleet, name), "marks": sorted(set(marks)),
            "today": home,
        }  # fmt: skip
