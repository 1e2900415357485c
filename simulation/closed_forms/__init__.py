"""What a plan costs and risks by formula, where the model's simplest set-ups hold (docs/exact.md)."""
