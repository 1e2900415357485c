#!/usr/bin/env bash
# What a pull request's change of waves does to risk and time: $OUT/review.md, whatever the exit code.
# $BASE is the commit to hold it against; a plan that one of the two sides does not have is new, or gone.
set -uo pipefail
: "${BASE:?say which commit to hold the plan against}"
: "${PLAN:=data/workflows/six-region-three-wave.yaml}"
: "${SCENARIO:=data/scenarios/storefront.yaml}"
: "${RULES:=data/rules/storefront.yaml}"
: "${OUT:=build}"
PATH="$PWD/.venv/bin:$PATH"

git rev-parse --quiet --verify "$BASE^{commit}" >/dev/null || {
    echo "review.sh: BASE is $BASE, which is no commit here; fetch it first" >&2
    exit 2
}
mkdir -p "$OUT/base"
before="$OUT/base/$(basename "$PLAN")"
git show "$BASE:$PLAN" >"$before" || : >"$before"
after=$PLAN
[ -e "$after" ] || after=/dev/null
wavecast review "$before" "$after" --scenario "$SCENARIO" --rules "$RULES" >"$OUT/review.md"
