"""A report's past: what a history adds to it, and what cannot be one. Not here: fits and back tests themselves."""

import pytest

from simulation import sample
from wavecast import read_history
from waves import InputError

HEAD = "service,region,status,started_at,finished_at,digest\n"


def store(wavecast, folder, region="us-east-1", count=6):
    """A store of a few rollouts of one region, a day apart."""
    table, path = folder / "d.csv", folder / "h.sqlite"
    rows = [
        f"shop,{region},succeeded,2026-03-{day:02d}T10:00:00Z,2026-03-{day:02d}T10:0{day % 3 + 4}:00Z,v{day}\n"
        for day in range(2, 2 + count)
    ]
    table.write_text(HEAD + "".join(rows), encoding="utf-8")
    assert wavecast("import", "deployments", str(table), "--store", str(path)).code == 0
    return path


def test_a_short_history_gives_its_scenario_and_says_how_little_it_proves(wavecast, tmp_path):
    base = sample("storefront")
    past = read_history(store(wavecast, tmp_path), base)
    told = past._repr_html_()
    assert past.scenario != base and "n = 6" in " ".join(source for *_, source in past.scenario.assumptions)
    assert "<strong>A history too short to be held against forecasts: 6 rollouts of known end" in told
    assert "Nobody wrote down from when to when it is known" in told


@pytest.mark.parametrize(("region", "text"), [("mars-1", "is no region of the fleet"), (None, "h.sqlite")])
def test_what_is_no_history_of_the_fleet_is_refused(wavecast, tmp_path, region, text):
    path = tmp_path / "h.sqlite" if region is None else store(wavecast, tmp_path, region)
    with pytest.raises(InputError, match=text) as refused:
        read_history(path, sample("storefront"))
    assert str(path) in str(refused.value)
