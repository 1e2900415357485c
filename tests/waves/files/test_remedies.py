"""What a text of the wrong type most likely means. Not here: where the finding stands (``test_documents``)."""

import pytest

import waves
from waves.files.remedies import number_meant

REGIONS = "waves: [{regions: [a]%s}]%s\n"


@pytest.mark.parametrize(
    "text, unit, number",
    [
        ("30m", "minutes", "30"),
        ("90 sec", "minutes", "1.5"),
        ("2 hours", "minutes", "120"),
        ("1w", "minutes", "10080"),
        ("5", "minutes", "5 without quotes"),
        ("10%", "probability", "0.1"),
        ("0.5 %", "share of traffic", "0.005"),
        ("10%", "percent", "10"),
        ("10k", "requests/minute", "10000"),
        ("10%", "minutes", None),
        ("30m", "probability", None),
        ("5m", "attempts", None),
        ("soon", "minutes", None),
        ("1h30m", "minutes", None),
        ([30], "minutes", None),
    ],
)
def test_a_number_is_found_in_the_fields_unit_or_none_is(text, unit, number):
    assert number_meant(text, unit) == number


NUMBER = "must be a valid number"


@pytest.mark.parametrize(
    "wave, rest, message",
    [
        (", bake_minutes: 30m", "", f"waves[0].bake_minutes is '30m': {NUMBER} (minutes); write 30"),
        (", bake_minutes: [30]", "", f"waves[0].bake_minutes is a list: {NUMBER} (minutes); write such as 30"),
        (", approval: perhaps", "", "waves[0].approval is 'perhaps': must be a valid boolean; write true or false"),
        ("", "\nretries: 1.5", "retries is 1.5 attempts: must be a valid integer (attempts); write a whole number"),
        ("", "\nstrategy: {steps: [[10%, 5]]}", f"strategy.steps[0][0] is '10%': {NUMBER} (percent); write 10"),
        ("", "\nstrategy: {steps: [[10, 5m]]}", f"strategy.steps[0][1] is '5m': {NUMBER} (minutes); write 5"),
        ("", "\nname: 5", "name is 5: must be a valid string; put it in quotes, if it is the name"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_has_its_unit_and_a_remedy(tmp_path, wave, rest, message):
    """File, place, value, unit, remedy: each pair of a step has its own unit."""
    file = tmp_path / "plan.yaml"
    file.write_text(REGIONS % (wave, rest))
    with pytest.raises(waves.InputError) as caught:
        waves.Plan.read(file)
    (finding,) = caught.value.findings
    assert finding.line > 0 and finding.path == str(file)
    assert finding.message == message
